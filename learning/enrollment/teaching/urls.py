from django.urls import path

from learning.enrollment.teaching import group_views, letter_views, views

urlpatterns = [
    path("teaching/", views.overview, name="teaching"),
    path("teaching/courses/<int:course_id>/", views.course, name="teaching_course"),
    path("teaching/courses/<int:course_id>/strip/", views.strip, name="teaching_strip"),
    path("teaching/courses/<int:course_id>/status/undo/", views.undo_status, name="teaching_undo"),
    path("teaching/courses/<int:course_id>/status/", views.change_status, name="teaching_status"),
    path("teaching/courses/<int:course_id>/letter/", letter_views.letter, name="teaching_letter"),
    path("teaching/courses/<int:course_id>/letters/", letter_views.sent_letters, name="teaching_letters"),
    path("teaching/courses/<int:course_id>/groups/", group_views.board, name="teaching_groups"),
    path("teaching/courses/<int:course_id>/groups/new/", group_views.edit, name="teaching_group_new"),
    path("teaching/courses/<int:course_id>/groups/place/", group_views.place, name="teaching_place"),
    path("teaching/courses/<int:course_id>/groups/split/", group_views.split, name="teaching_split"),
    path("teaching/groups/<int:group_id>/", group_views.edit, name="teaching_group"),
    path("teaching/groups/<int:group_id>/openings/", group_views.openings, name="teaching_openings"),
    path("teaching/groups/<int:group_id>/openings/shift/", group_views.shift, name="teaching_shift"),
    path("teaching/pages/<int:page_id>/audience/", group_views.audience, name="teaching_audience"),
    path("teaching/students/<int:user_id>/", views.student, name="teaching_student"),
]

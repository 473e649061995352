from django.urls import path

from learning.teaching.views import groups, letters, students

urlpatterns = [
    path("teaching/", students.overview, name="teaching"),
    path("teaching/courses/<int:course_id>/", students.course, name="teaching_course"),
    path("teaching/courses/<int:course_id>/strip/", students.strip, name="teaching_strip"),
    path("teaching/courses/<int:course_id>/status/undo/", students.undo_status, name="teaching_undo"),
    path("teaching/courses/<int:course_id>/status/", students.change_status, name="teaching_status"),
    path("teaching/courses/<int:course_id>/letter/", letters.letter, name="teaching_letter"),
    path("teaching/courses/<int:course_id>/letters/", letters.sent_letters, name="teaching_letters"),
    path("teaching/courses/<int:course_id>/groups/", groups.board, name="teaching_groups"),
    path("teaching/courses/<int:course_id>/groups/new/", groups.edit, name="teaching_group_new"),
    path("teaching/courses/<int:course_id>/groups/place/", groups.place, name="teaching_place"),
    path("teaching/courses/<int:course_id>/groups/split/", groups.split, name="teaching_split"),
    path("teaching/groups/<int:group_id>/", groups.edit, name="teaching_group"),
    path("teaching/groups/<int:group_id>/openings/", groups.openings, name="teaching_openings"),
    path("teaching/groups/<int:group_id>/openings/shift/", groups.shift, name="teaching_shift"),
    path("teaching/pages/<int:page_id>/audience/", groups.audience, name="teaching_audience"),
    path("teaching/students/<int:user_id>/", students.student, name="teaching_student"),
    path("letters/stop/<str:token>/", letters.stop_letters, name="stop_letters"),
]

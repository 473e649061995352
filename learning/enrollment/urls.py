from django.urls import path

from learning.enrollment import views

urlpatterns = [
    path("enrollment/<int:course_id>/enroll/", views.enroll, name="enroll"),
    path("enrollment/<int:course_id>/leave/", views.leave, name="leave"),
    path("enrollment/<int:course_id>/view-as/", views.view_as, name="view_as"),
    path("enrollment/lessons/<int:lesson_id>/done/", views.mark_done, name="lesson_done"),
    path("enrollment/lessons/<int:lesson_id>/position/", views.keep_position, name="lesson_position"),
    path("enrollment/lessons/<int:lesson_id>/played/", views.mark_played, name="lesson_played"),
]

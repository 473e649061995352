from django.urls import path

from learning.accounts import views

urlpatterns = [
    path("me/profile/", views.profile, name="profile"),
    path("people/<int:pk>/picture/", views.avatar, name="avatar"),
    path("accounts/confirm-email/again/", views.send_confirmation_again, name="send_confirmation_again"),
    path("school/mark/", views.school_mark, name="school_mark"),
    path("preferences/language/", views.choose_language, name="choose_language"),
    path("preferences/theme/", views.choose_theme, name="choose_theme"),
]

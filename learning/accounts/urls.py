from django.urls import path

from learning.accounts import data_views, views

urlpatterns = [
    path("me/profile/", views.profile, name="profile"),
    path("me/data/", data_views.my_data, name="my_data"),
    path("me/data/read/", data_views.read_my_data, name="my_data_read"),
    path("me/data/download/", data_views.download, name="my_data_download"),
    path("me/data/delete/", data_views.delete_me, name="delete_me"),
    path("me/data/keep/", data_views.keep_me, name="keep_me"),
    path("me/tokens/", data_views.tokens, name="tokens"),
    path("me/tokens/<int:pk>/revoke/", data_views.revoke, name="token_revoke"),
    path("people/<int:pk>/picture/", views.avatar, name="avatar"),
    path("accounts/confirm-email/again/", views.send_confirmation_again, name="send_confirmation_again"),
    path("school/mark/", views.school_mark, name="school_mark"),
    path("preferences/language/", views.choose_language, name="choose_language"),
    path("preferences/theme/", views.choose_theme, name="choose_theme"),
]

from django.urls import path

from home import data_views, views

urlpatterns = [
    path("me/", views.dashboard, name="dashboard"),
    path("me/data/", data_views.my_data, name="my_data"),
    path("me/data/read/", data_views.read_my_data, name="my_data_read"),
    path("me/data/download/", data_views.download, name="my_data_download"),
    path("me/data/delete/", data_views.delete_me, name="delete_me"),
    path("me/data/keep/", data_views.keep_me, name="keep_me"),
    path("me/tokens/", data_views.tokens, name="tokens"),
    path("me/tokens/<int:pk>/revoke/", data_views.revoke, name="token_revoke"),
    path("search/", views.search, name="search"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("healthz", views.healthz, name="healthz"),
    path("robots.txt", views.robots, name="robots"),
]

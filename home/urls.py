from django.urls import path

from home import views

urlpatterns = [
    path("me/", views.dashboard, name="dashboard"),
    path("search/", views.search, name="search"),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("healthz", views.healthz, name="healthz"),
    path("robots.txt", views.robots, name="robots"),
]

from django.urls import path

from learning.library import views

urlpatterns = [
    path("library/pictures/<int:image_id>/<str:name>", views.rendition, name="library_rendition"),
    path("documents/<int:document_id>/<path:document_filename>", views.document, name="wagtaildocs_serve"),
]

"""Addresses of the dictionary."""

from django.urls import path

from learning.vocabulary.web import views

urlpatterns = [
    path("dictionary/", views.dictionary, name="dictionary"),
    path("dictionary/suggest/", views.suggest, name="dictionary_suggest"),
    path("dictionary/<slug:code>/<path:lemma>/", views.entry, name="dictionary_entry"),
]

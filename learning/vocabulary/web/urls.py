"""Addresses of the dictionary, of a learner's words and of word sets."""

from django.urls import path

from learning.vocabulary.web import candidates_views, media_views, review_views, sets_views, views, words_views

urlpatterns = [
    path("dictionary/", views.dictionary, name="dictionary"),
    path("dictionary/suggest/", views.suggest, name="dictionary_suggest"),
    path("dictionary/look/", views.look, name="dictionary_look"),
    path("dictionary/sound/<int:lexeme_id>/", media_views.sound, name="dictionary_sound"),
    path("dictionary/picture/<int:lexeme_id>/", media_views.picture, name="dictionary_picture"),
    path("dictionary/<slug:code>/<path:lemma>/", views.entry, name="dictionary_entry"),
    path("words/", words_views.overview, name="words"),
    path("words/review/", review_views.review, name="words_review"),
    path("words/answers/", review_views.answers, name="words_answers"),
    path("words/check/", review_views.check_answer, name="words_check"),
    path("words/undo/", review_views.undo, name="words_undo"),
    path("words/suspend/", review_views.suspend, name="words_suspend"),
    path("words/forgive/", words_views.forgive, name="words_forgive"),
    path("words/save/", words_views.save, name="words_save"),
    path("words/saved/", words_views.saved, name="words_saved"),
    path("words/list/", words_views.words, name="words_list"),
    path("words/list/<int:lexeme_id>/", words_views.word, name="words_word"),
    path("words/settings/", words_views.settings_page, name="words_settings"),
    path("words/statistics/", words_views.statistics_page, name="words_statistics"),
    path("words/sets/", sets_views.sets, name="word_sets"),
    path("words/sets/new/", sets_views.new_set, name="word_set_new"),
    path("words/sets/<int:set_id>/", sets_views.word_set, name="word_set"),
    path("words/sets/<int:set_id>/edit/", sets_views.edit_set, name="word_set_edit"),
    path("words/sets/<int:set_id>/words/", sets_views.change_words, name="word_set_words"),
    path("words/sets/<int:set_id>/from-lesson/", candidates_views.from_lesson, name="word_set_from_lesson"),
    path("words/sets/<int:set_id>/give/", sets_views.give, name="word_set_give"),
    path("words/sets/<int:set_id>/learn/", sets_views.learn, name="word_set_learn"),
    path("words/sets/<int:set_id>/practise/", sets_views.practise, name="word_set_practise"),
    path("words/sets/<int:set_id>/practise/<int:place>/", sets_views.practise, name="word_set_practise_at"),
    path("words/sets/<int:set_id>/csv/", sets_views.set_as_csv, name="word_set_csv"),
    path("words/sets/<int:set_id>/anki/", sets_views.set_for_anki, name="word_set_anki"),
    path("teaching/words/", sets_views.taught, name="words_taught"),
    path("teaching/words/<int:user_id>/", sets_views.student, name="words_student"),
]

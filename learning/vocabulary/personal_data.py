"""Sections of a person's own data: words, reviews, word sets, words that they have written in the dictionary."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.own_data import DataSection, register_data, rows_of
from learning.vocabulary.models import (
    AnkiHistory,
    Card,
    CardKind,
    DeckSettings,
    Lexeme,
    Rating,
    Review,
    SetGiven,
    Verdict,
    WordSet,
)

_WORD = pgettext_lazy("dictionary", "Word")
_WHEN = _("When")


def _kind(code: str) -> object:
    return CardKind(code).label if code in CardKind.values else code


def _rating(number: int) -> object:
    return Rating(number).label if number in Rating.values else number


def _verdict(code: str) -> object:
    return Verdict(code).label if code in Verdict.values else code


register_data(
    DataSection(
        "words_settings",
        _("How you learn words"),
        lambda person: rows_of(
            DeckSettings.objects.filter(owner=person),
            *("new_a_day", "reviews_a_day", "retention", "easy_days", "goal_days", "types_answers", "underlines"),
            "kinds",
        ),
        {"new_a_day": _("New cards a day"), "reviews_a_day": _("Reviews a day, at most"), "retention": _("Retention")},
    ),
    DataSection(
        "cards",
        _("Your words"),
        lambda person: rows_of(
            Card.objects.filter(owner=person),
            *("lexeme__lemma", "lexeme__language__code", "kind", "state", "stability", "difficulty", "due"),
            *("last_review", "lapses", "is_suspended", "note", "added_at"),
        ),
        {"lexeme__lemma": _WORD, "kind": _("Kind"), "due": _("Due"), "note": _("Note")},
        words={"kind": _kind},
    ),
    DataSection(
        "reviews",
        _("Your answers"),
        lambda person: rows_of(
            Review.objects.filter(owner=person),
            *("card__lexeme__lemma", "card__kind", "at", "rating", "verdict", "answer", "took", "days", "is_practice"),
            "undone_at",
        ),
        {"card__lexeme__lemma": _WORD, "at": _WHEN, "rating": pgettext_lazy("review", "Rating"), "answer": _("Answer")},
        words={"card__kind": _kind, "rating": _rating, "verdict": _verdict},
    ),
    DataSection(
        "anki",
        _("What you learned in Anki"),
        lambda person: rows_of(
            AnkiHistory.objects.filter(owner=person), "filename", "language__code", "state", "report", "made_at"
        ),
        {"filename": _("File"), "made_at": _WHEN},
    ),
    DataSection(
        "word_sets",
        _("Your word sets"),
        lambda person: rows_of(WordSet.objects.filter(owner=person), "name", "about", "made_at"),
        {"name": _("Name"), "about": _("Description"), "made_at": _WHEN},
    ),
    DataSection(
        "given_word_sets",
        _("Word sets that were given to you"),
        lambda person: rows_of(SetGiven.objects.filter(student=person), "word_set__name", "learn_by", "given_at"),
        {"word_set__name": _("Name"), "learn_by": _("Learn until"), "given_at": _WHEN},
    ),
    DataSection(
        "written_words",
        _("Words that you added to the dictionary"),
        lambda person: rows_of(Lexeme.objects.filter(added_by=person), "lemma", "language__code", "added_at"),
        {"lemma": _WORD, "added_at": _WHEN},
    ),
    order=70,
)

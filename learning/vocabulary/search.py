"""Finds words as one types: by the beginning of a word, by a form (“went” finds go), by a translation.

PostgreSQL finds small slips too, by trigrams; exact, prefix and folded search answer the same on SQLite.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.lookups import TrigramSimilar
from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Collate, Length

from learning.vocabulary.access import shown_to
from learning.vocabulary.folding import fold
from learning.vocabulary.models import Form, Lexeme, Translation

CharField.register_lookup(TrigramSimilar)
MOST = 20
LOOKED_AT = 100  # of those that begin so
LAST_CHARACTER = "\U0010ffff"
LIKE_ENOUGH = 0.35  # similarity by trigrams, of 1


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and why it was found: the form or the translation, where it was not the word itself."""

    lexeme: Lexeme
    by: str = ""


def found(user: Any, words: str, language: str = "") -> list[Found]:
    """The entries that these words begin, the best first.

    Three queries; PostgreSQL is asked once more, for similar words, where all three have found nothing.
    """
    folded = fold(words)
    if not folded:
        return []

    def shown(path: str = "") -> Q:
        of_language = Q(**{f"{path}language__code": language}) if language else Q()
        return shown_to(user, path) & of_language

    results = _once([*_by_form(shown("lexeme__"), folded), *_by_word(shown(), folded)], folded)
    if len(results) < MOST:
        results = _once([*results, *_by_translation(shown("sense__lexeme__"), folded)], folded)
    if not results and connection.vendor == "postgresql":
        results = _by_likeness(shown(), folded)
    return results[:MOST]


def _once(results: Iterable[Found], folded: str) -> list[Found]:
    """Each entry once, and those first that are exactly the word; otherwise in the order of finding."""
    seen: dict[int, Found] = {}
    for one in sorted(results, key=lambda one: one.lexeme.folded != folded):
        seen.setdefault(one.lexeme.pk, one)
    return list(seen.values())


def _beginning(rows: QuerySet[Any], folded: str) -> QuerySet[Any]:
    """The rows that begin so, the shortest first, of the first ones by the alphabet.

    Without that bound, a beginning that thousands of rows have would be sorted whole. The order is that of characters,
    for which there is an index on PostgreSQL (migration 0002); SQLite has no other.
    """
    if len(folded) == 1:  # it begins too many words: only the word of that letter is meant
        return rows.filter(folded=folded).order_by("pk")
    by_character = Collate("folded", "C" if connection.vendor == "postgresql" else "BINARY")
    begins = rows.annotate(key=by_character).filter(key__gte=folded, key__lt=folded + LAST_CHARACTER)
    first = begins.order_by("key", "pk").values("pk")[:LOOKED_AT]
    return rows.model._default_manager.filter(pk__in=first).order_by(Length("folded"), "folded", "pk")


def _by_word(shown: Q, folded: str) -> list[Found]:
    rows = _beginning(Lexeme.objects.filter(shown), folded).select_related("language")
    return [Found(row) for row in rows[:MOST]]


def _by_form(shown: Q, folded: str) -> list[Found]:
    # sorted here: PostgreSQL would go through all forms by their keys to find the first ones
    rows = Form.objects.filter(shown, folded=folded).select_related("lexeme__language").order_by()[:LOOKED_AT]
    return [Found(row.lexeme, row.spelling) for row in sorted(rows, key=lambda row: row.pk)[:MOST]]


def _by_translation(shown: Q, folded: str) -> list[Found]:
    rows = _beginning(Translation.objects.filter(shown), folded).select_related("sense__lexeme__language")
    return [Found(row.sense.lexeme, row.text) for row in rows[:MOST]]


def _by_likeness(shown: Q, folded: str) -> list[Found]:
    rows = Lexeme.objects.filter(shown, folded__trigram_similar=folded)
    rows = rows.annotate(likeness=TrigramSimilarity("folded", folded)).filter(likeness__gte=LIKE_ENOUGH)
    return [Found(row) for row in rows.select_related("language").order_by("-likeness", "folded", "pk")[:MOST]]

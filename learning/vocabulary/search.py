"""Finds words as one types: by the beginning of a word, by a form (“went” finds go), by a translation.

PostgreSQL finds small slips too, by trigrams; exact, prefix and folded search answer the same on SQLite.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.contrib.postgres.lookups import TrigramSimilar
from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Collate, Length

from learning.base.compiled import CompiledQuery
from learning.vocabulary.access import WRITE
from learning.vocabulary.folding import fold
from learning.vocabulary.models import Form, Lexeme, State, Translation
from learning.vocabulary.rows import as_word, padded, word_columns

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

    At most three queries: words and forms; translations, where those are not enough; and the entries, or on PostgreSQL
    similar words where nothing was found.
    """
    folded = fold(words)
    if not folded:
        return []
    queries = _queries(user.has_perm(WRITE), bool(language), len(folded) == 1, connection.vendor == "postgresql")
    # one letter begins too many words: only the word of that letter is meant
    wanted = [folded, *([folded + LAST_CHARACTER] if len(folded) > 1 else []), *([language] if language else [])]
    hits = queries.words_and_forms.rows(*wanted)
    if len({hit[LEXEME] for hit in hits}) < MOST:
        hits += queries.translations.rows(*wanted)
    if hits:
        return _entries(_best(hits, folded))
    similar = queries.similar.rows(folded, *wanted[2:]) if queries.similar and len(folded) > 1 else []
    return [Found(as_word(row[:-1])) for row in similar]


# columns of a hit
PART, LEXEME, LEMMA, TEXT, FOLDED, KEY = range(6)
BY_FORM, BY_WORD, BY_TRANSLATION = range(3)


def _best(hits: Iterable[tuple[Any, ...]], folded: str) -> dict[int, str]:
    """The keys of the best entries, with the form or translation by which each was found; empty for the word itself.

    First those that are exactly the word; then forms, words and translations, the shortest first.
    """

    def rank(hit: tuple[Any, ...]) -> tuple[Any, ...]:
        length = 0 if hit[PART] == BY_FORM else len(hit[FOLDED])
        return hit[LEMMA] != folded, hit[PART], length, hit[FOLDED], hit[KEY]

    best: dict[int, str] = {}
    for hit in sorted(hits, key=rank):
        best.setdefault(hit[LEXEME], hit[TEXT])
    return dict(list(best.items())[:MOST])


def _entries(best: dict[int, str]) -> list[Found]:
    words = {row[0]: as_word(row) for row in _words.rows(padded(best))}
    # a word may be deleted between two queries
    return [Found(words[key], by) for key, by in best.items() if key in words]


_words = CompiledQuery(lambda ids: Lexeme.objects.filter(pk__in=ids).order_by().values_list(*word_columns()))


class _Queries(NamedTuple):
    """The queries of a search. Arguments: the folded text, the end of its range, the code of the language.

    The end is left out for one letter and for similar words, the language where all are searched.
    """

    words_and_forms: CompiledQuery
    translations: CompiledQuery
    similar: CompiledQuery | None


@cache
def _queries(shows_drafts: bool, has_language: bool, is_letter: bool, is_postgresql: bool) -> _Queries:
    """The queries for who sees drafts or not, in one language or in all."""

    def shown(path: str, language: Sequence[str]) -> Q:
        of_language = Q(**{f"{path}language__code": language[0]}) if has_language else Q()
        return of_language if shows_drafts else of_language & Q(**{f"{path}state": State.APPROVED})

    def part(number: int, rows: QuerySet[Any], lexeme: str, text: str) -> QuerySet[Any, Any]:
        by = Value("") if number == BY_WORD else F(text)
        lemma = "folded" if number == BY_WORD else f"{lexeme}__folded"
        return rows.order_by().values_list(Value(number), lexeme, lemma, by, "folded", "pk")

    def beginning(rows: QuerySet[Any], folded: str, rest: Sequence[str]) -> QuerySet[Any]:
        """The rows that begin so, the shortest first, of the first ones by the alphabet.

        Without that bound, a beginning that thousands of rows have would be sorted whole. The order is that of
        characters, for which there is an index on PostgreSQL (migration 0002); SQLite has no other.
        """
        everything = rows.model._default_manager
        if is_letter:
            return everything.filter(pk__in=rows.filter(folded=folded).order_by("pk").values("pk")[:MOST])
        key = Collate("folded", "C" if is_postgresql else "BINARY")
        begins = rows.annotate(key=key).filter(key__gte=folded, key__lt=rest[0])
        first = everything.filter(pk__in=begins.order_by("key", "pk").values("pk")[:LOOKED_AT])
        shortest = first.order_by(Length("folded"), "folded", "pk").values("pk")[:MOST]
        return everything.filter(pk__in=shortest)

    def words_and_forms(folded: str, *rest: str) -> QuerySet[Any, Any]:
        forms = Form.objects.filter(shown("lexeme__", rest[-1:]), folded=folded)
        # a bound, and not an order, for which PostgreSQL would go through all forms by their keys
        forms = Form.objects.filter(pk__in=forms.order_by().values("pk")[:LOOKED_AT])
        words = beginning(Lexeme.objects.filter(shown("", rest[-1:])), folded, rest)
        return part(BY_FORM, forms, "lexeme", "spelling").union(part(BY_WORD, words, "pk", ""), all=True)

    def translations(folded: str, *rest: str) -> QuerySet[Any, Any]:
        rows = Translation.objects.filter(shown("sense__lexeme__", rest[-1:]))
        return part(BY_TRANSLATION, beginning(rows, folded, rest), "sense__lexeme", "text")

    def similar(folded: str, *language: str) -> QuerySet[Any, Any]:
        rows = Lexeme.objects.filter(shown("", language), folded__trigram_similar=folded)
        rows = rows.annotate(likeness=TrigramSimilarity("folded", folded)).filter(likeness__gte=LIKE_ENOUGH)
        return rows.order_by("-likeness", "folded", "pk").values_list(*word_columns(), "likeness")[:MOST]

    return _Queries(
        CompiledQuery(words_and_forms),
        CompiledQuery(translations),
        CompiledQuery(similar) if is_postgresql else None,
    )

"""What the dictionary knows of the words of an answer: another word, or another form of the same."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from learning.base.compiled import CompiledQuery
from learning.vocabulary.answers.languages import spelled
from learning.vocabulary.folding import fold
from learning.vocabulary.models import Form, Lexeme, State
from learning.vocabulary.rows import padded_texts

MOST_WORDS = 2000  # that are asked for at once


class Words(Protocol):
    """A dictionary of one language."""

    def is_word(self, spelling: str) -> bool:
        """Whether some word or form is spelled so."""

    def is_same_word(self, one: str, other: str) -> bool:
        """Whether both are spellings of one word."""


class KnownWords:
    """The spellings of a language that were found, each with the words to which it belongs."""

    def __init__(self, language: str = "", rows: Iterable[tuple[str, int]] = ()) -> None:
        self._language = language
        self._words: dict[str, set[int]] = defaultdict(set)
        self.add(rows)

    def add(self, rows: Iterable[tuple[str, int]]) -> None:
        """Spellings and the keys of their words, which are known from elsewhere."""
        for spelling, lexeme in rows:
            self._words[spelled(spelling, self._language)].add(lexeme)

    def is_word(self, spelling: str) -> bool:
        return spelled(spelling, self._language) in self._words

    def is_same_word(self, one: str, other: str) -> bool:
        first, second = (self._words.get(spelled(text, self._language), set()) for text in (one, other))
        return not first.isdisjoint(second)


def known_words(language: str, spellings: Iterable[str]) -> KnownWords:
    """What the dictionary knows of these spellings; one query."""
    folded = list(dict.fromkeys(filter(None, map(fold, spellings))))[:MOST_WORDS]
    return KnownWords(language, _rows.rows(language, padded_texts(folded)) if folded and language else ())


_rows = CompiledQuery(
    lambda language, folded: (
        Lexeme.objects.filter(language__code=language, folded__in=folded, state=State.APPROVED)
        .order_by()
        .values_list("lemma", "pk")
        .union(
            Form.objects.filter(lexeme__language__code=language, folded__in=folded, lexeme__state=State.APPROVED)
            .order_by()
            .values_list("spelling", "lexeme"),
            all=True,
        )
    )
)

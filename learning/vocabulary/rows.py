"""Words and their languages from the rows of compiled queries."""

from collections.abc import Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from learning.vocabulary.models import Language, Lexeme


def columns_of(model: type[Model]) -> list[str]:
    """The names of all columns of a model, for `values_list` and `from_db`."""
    return [field.attname for field in model._meta.concrete_fields]


_LEXEME, _LANGUAGE = columns_of(Lexeme), columns_of(Language)


def word_columns(path: str = "") -> list[str]:
    """The columns of a word and of its language, for `values_list`; `path` leads to the word (`lexeme__`)."""
    return [*(f"{path}{name}" for name in _LEXEME), *(f"{path}language__{name}" for name in _LANGUAGE)]


def as_word(row: tuple[Any, ...]) -> Lexeme:
    """The word of a row that has the columns of `word_columns`."""
    lexeme = Lexeme.from_db(DEFAULT_DB_ALIAS, _LEXEME, row[: len(_LEXEME)])
    lexeme.language = Language.from_db(DEFAULT_DB_ALIAS, _LANGUAGE, row[len(_LEXEME) :])
    return lexeme


def padded_texts(texts: Iterable[str]) -> list[str]:
    """As `padded`; filled up with a text that no spelling is."""
    found = list(texts)
    return found + ["\x02"] * (len(padded(range(len(found)))) - len(found))


def padded(ids: Iterable[int]) -> list[int]:
    """These keys, filled up with 0 (which is no key) to one of few lengths: each length is a statement of its own."""
    found = list(ids)
    length = 1
    while length < len(found):
        length *= 4
    return found + [0] * (length - len(found))

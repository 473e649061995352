"""Cards together with their words, read by compiled queries: each answer asks for the next card."""

from collections.abc import Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from learning.vocabulary.models import Card
from learning.vocabulary.rows import as_word, columns_of, word_columns

CARD = columns_of(Card)
CARD_AND_WORD = [*CARD, *word_columns("lexeme__")]


def as_cards(rows: Iterable[tuple[Any, ...]]) -> list[Card]:
    """The cards of rows with the columns `CARD_AND_WORD`, each with its word and the language of the word."""
    found = []
    for row in rows:
        card = bare_card(row[: len(CARD)])
        card.lexeme = as_word(row[len(CARD) :])
        found.append(card)
    return found


def bare_card(row: tuple[Any, ...]) -> Card:
    """The card of a row with the columns `CARD`."""
    return Card.from_db(DEFAULT_DB_ALIAS, CARD, row)

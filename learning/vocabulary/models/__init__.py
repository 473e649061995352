from learning.vocabulary.models.cards import Card, CardKind, DeckSettings, Rating, Review, Verdict
from learning.vocabulary.models.entries import (
    Example,
    Form,
    Lexeme,
    Pronunciation,
    Sense,
    Source,
    State,
    Translation,
)
from learning.vocabulary.models.imports import DictionaryImport, ImportedLexeme
from learning.vocabulary.models.languages import Language
from learning.vocabulary.models.sets import SetGiven, SetWord, WordSet

__all__ = [
    "Card",
    "CardKind",
    "DeckSettings",
    "DictionaryImport",
    "Example",
    "Form",
    "ImportedLexeme",
    "Language",
    "Lexeme",
    "Pronunciation",
    "Rating",
    "Review",
    "Sense",
    "SetGiven",
    "SetWord",
    "Source",
    "State",
    "Translation",
    "Verdict",
    "WordSet",
]

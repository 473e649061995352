from learning.vocabulary.models.cards import Card, CardKind, DeckSettings, MergedCard, Rating, Review, Verdict
from learning.vocabulary.models.entries import (
    EntryPicture,
    Example,
    Form,
    Lexeme,
    Pronunciation,
    Sense,
    Source,
    State,
    Translation,
)
from learning.vocabulary.models.imports import AnkiHistory, DictionaryImport, ImportedLexeme
from learning.vocabulary.models.languages import Language
from learning.vocabulary.models.sets import SetGiven, SetWord, WordSet
from learning.vocabulary.models.sounds import DictionaryFiles, Speech

__all__ = [
    "AnkiHistory",
    "Card",
    "CardKind",
    "DeckSettings",
    "DictionaryFiles",
    "DictionaryImport",
    "EntryPicture",
    "Example",
    "Form",
    "ImportedLexeme",
    "Language",
    "Lexeme",
    "MergedCard",
    "Pronunciation",
    "Rating",
    "Review",
    "Sense",
    "SetGiven",
    "SetWord",
    "Source",
    "Speech",
    "State",
    "Translation",
    "Verdict",
    "WordSet",
]

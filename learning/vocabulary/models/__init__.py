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

__all__ = [
    "DictionaryImport",
    "Example",
    "Form",
    "ImportedLexeme",
    "Language",
    "Lexeme",
    "Pronunciation",
    "Sense",
    "Source",
    "State",
    "Translation",
]

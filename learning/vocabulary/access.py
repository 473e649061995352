"""Who may read and write the dictionary."""

from typing import Any

from learning.vocabulary.models.entries import Lexeme, LexemeQuerySet

WRITE = "vocabulary.change_lexeme"


def shown_lexemes(user: Any) -> LexemeQuerySet:
    """Approved entries for everyone who is logged in; who writes the dictionary sees drafts too."""
    return Lexeme.objects.shown_to(user) if user.is_authenticated else Lexeme.objects.none()

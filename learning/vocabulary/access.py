"""Who may read and write the dictionary."""

from typing import Any

from django.db.models import Q, QuerySet

from learning.vocabulary.models import Lexeme, State

WRITE = "vocabulary.change_lexeme"


def shown_to(user: Any, path: str = "") -> Q:
    """Which entries a person sees, as a condition on the lexeme at this path (`sense__lexeme__`).

    Approved ones; who writes the dictionary sees drafts too.
    """
    return Q() if user.has_perm(WRITE) else Q(**{f"{path}state": State.APPROVED})


def shown_lexemes(user: Any) -> QuerySet[Lexeme]:
    return Lexeme.objects.filter(shown_to(user))

"""Template tags of words and reviews."""

from typing import Any

from django import template
from django.urls import reverse

from learning.accounts.models import User
from learning.vocabulary.media.speech import speaks
from learning.vocabulary.models import Lexeme
from learning.vocabulary.reviews.queue import due_count

register = template.Library()


@register.inclusion_tag("vocabulary/parts/listen.html")
def listen(lexeme: Lexeme, is_recorded: bool) -> dict[str, Any]:
    """A button that lets one hear the word; without a sound of the server's the browser speaks, if it can."""
    has_sound = is_recorded or speaks(lexeme.language.code)
    address = reverse("dictionary_sound", args=(lexeme.pk,)) if has_sound else ""
    return {"lexeme": lexeme, "is_recorded": is_recorded, "address": address}


@register.simple_tag
def due_words(user: User) -> int:
    """How many reviews wait for this person today; one query."""
    return due_count(user)

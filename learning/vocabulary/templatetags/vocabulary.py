"""Template tags of words and reviews."""

from typing import Any

from django import template
from django.urls import reverse

from learning.accounts.models import User
from learning.vocabulary.media.speech import speaks
from learning.vocabulary.models import Lexeme
from learning.vocabulary.reviews.queue import due_count

register = template.Library()


@register.simple_tag
def has_sound(lexeme: Lexeme, is_recorded: bool) -> bool:
    """Whether the server has a sound of this word, or can make one."""
    return is_recorded or speaks(lexeme.language.code)


@register.inclusion_tag("vocabulary/parts/listen.html")
def listen(lexeme: Lexeme, is_recorded: bool, *, small: bool = False) -> dict[str, Any]:
    """A button that lets one hear the word; without a sound of the server's the browser speaks, if it can.

    A small one, for tables, has an icon alone; its label says whether the voice is synthetic.
    """
    address = reverse("dictionary_sound", args=(lexeme.pk,)) if has_sound(lexeme, is_recorded) else ""
    look = "icon-link listen-small" if small else "button button-quiet"
    return {"lexeme": lexeme, "is_recorded": is_recorded, "address": address, "is_small": small, "look": look}


@register.simple_tag
def due_words(user: User) -> int:
    """How many reviews wait for this person today; one query."""
    return due_count(user)

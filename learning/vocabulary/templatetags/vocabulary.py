"""Template tags of words and reviews."""

from django import template

from learning.accounts.models import User
from learning.vocabulary.reviews.queue import due_count

register = template.Library()


@register.simple_tag
def due_words(user: User) -> int:
    """How many reviews wait for this person today; one query."""
    return due_count(user)

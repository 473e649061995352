"""Receivers of signals: lessons that show a word set show its words as they are."""

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from learning.courses.stamps import restamp_pages_that_show
from learning.vocabulary.models import Lexeme, SetWord, WordSet


@receiver(post_save, sender=WordSet)
@receiver(pre_delete, sender=WordSet)
def set_changed(instance: WordSet, created: bool = False, **kwargs: Any) -> None:
    if not created:
        restamp_pages_that_show([instance])


@receiver(post_save, sender=Lexeme)
def lexeme_changed(instance: Lexeme, created: bool = False, **kwargs: Any) -> None:
    if not created:
        restamp_pages_with(Q(lexeme=instance))


def restamp_pages_with(words: Q) -> None:
    """Make the pages anew that show sets with these words, a condition on the rows of sets."""
    sets = SetWord.objects.filter(words).order_by().values("word_set")
    restamp_pages_that_show(WordSet.objects.filter(pk__in=sets))

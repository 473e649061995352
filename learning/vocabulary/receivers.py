"""Receivers of signals: lessons that show a word set show its words as they are."""

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from learning.courses.stamps import restamp_pages_that_show
from learning.library.models import StoredFile
from learning.vocabulary.models import Lexeme, Pronunciation, SetWord, WordSet


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


@receiver(pre_delete, sender=StoredFile)
def recording_goes(instance: StoredFile, **kwargs: Any) -> None:
    """Leave no pronunciation without a transcription, and none twice, where a recording is deleted."""
    rows = list(Pronunciation.objects.filter(recording=instance).order_by("pk"))
    for row in rows:
        bare = Pronunciation.objects.filter(lexeme=row.lexeme_id, ipa=row.ipa, region=row.region, recording=None)
        if not row.ipa or bare.exists():
            row.delete()
        else:
            Pronunciation.objects.filter(pk=row.pk).update(recording=None)
    restamp_pages_with(Q(lexeme__in=[row.lexeme_id for row in rows]))

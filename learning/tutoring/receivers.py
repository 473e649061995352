"""Receivers of signals of Django: files go with their rows."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from learning.tutoring.models import AttemptFile, HomeworkItem


@receiver(post_delete, sender=AttemptFile)
@receiver(post_delete, sender=HomeworkItem)
def delete_file(instance: AttemptFile | HomeworkItem, **kwargs: Any) -> None:
    """Delete the file of a deleted row."""
    if instance.file:
        # after the commit: a rollback brings the row back, which must find its file
        transaction.on_commit(partial(instance.file.storage.delete, str(instance.file.name)))

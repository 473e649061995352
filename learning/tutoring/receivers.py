"""Receivers of signals: files go with their rows; who changes their time zone is asked about their projects."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.urls import reverse

from learning.accounts.models import User
from learning.accounts.signals import time_zone_changed
from learning.tutoring.access import teaches
from learning.tutoring.models import AttemptFile, HomeworkItem
from learning.tutoring.projects.actions import projects_in_other_zone


@receiver(post_delete, sender=AttemptFile)
@receiver(post_delete, sender=HomeworkItem)
def delete_file(instance: AttemptFile | HomeworkItem, **kwargs: Any) -> None:
    """Delete the file of a deleted row."""
    if instance.file:
        # after the commit: a rollback brings the row back, which must find its file
        transaction.on_commit(partial(instance.file.storage.delete, str(instance.file.name)))


@receiver(time_zone_changed)
def ask_about_projects(person: User, before: str, **kwargs: Any) -> str | None:
    """The page that asks a teacher whether lessons keep their hour or their moment; None where none is concerned."""
    if teaches(person) and projects_in_other_zone(person).filter(time_zone=before).exists():
        return reverse("tutoring_zone")
    return None

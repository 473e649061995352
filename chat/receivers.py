"""Receivers of signals of Django and Wagtail: lower apps know nothing of the chat."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from wagtail.signals import page_published

from chat.models import Attachment, Room
from learning.courses.models import CoursePage
from learning.enrollment.models import StudyGroup
from learning.tutoring.models import Project


@receiver(post_save, sender=StudyGroup)
def open_room(instance: StudyGroup, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """A study group has a room from its creation; the default room of its course goes, if nobody has said a word."""
    if created and not raw:
        Room.objects.get_or_create(group=instance)
        _close_default_room(instance.course_id)


@receiver(post_save, sender=Project)
def open_room_of_project(instance: Project, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """A project has a room from its creation, for its teacher and students."""
    if created and not raw:
        Room.objects.get_or_create(project=instance)


@transaction.atomic
def _close_default_room(course_id: int) -> None:
    """Under the room's lock, so that no first message is written and deleted with it."""
    rooms = Room.objects.select_for_update().filter(course_id=course_id, is_default=True)
    for room in rooms:
        if room.last_position == 0:
            room.delete()


@receiver(page_published, sender=CoursePage)
def open_room_of_course(instance: CoursePage, **kwargs: Any) -> None:
    """A published course without study groups has a room of its own, where its students can ask the teacher."""
    if not StudyGroup.objects.filter(course_id=instance.pk).exists():
        Room.objects.get_or_create(course=instance, defaults={"is_default": True})


@receiver(post_delete, sender=Attachment)
def delete_files(instance: Attachment, **kwargs: Any) -> None:
    """Delete the files of deleted messages and rooms."""
    for stored in (instance.file, instance.thumbnail):
        if stored:
            # After the commit: a rollback brings the row back, which must find its file.
            # `partial`, not a lambda, which would see only the last file of the loop.
            transaction.on_commit(partial(stored.storage.delete, str(stored.name)))

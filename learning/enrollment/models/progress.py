"""What a student has done, and where they stopped."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Completion(models.Model):
    """A lesson that a person has done, also after the lesson was moved to another module."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="completions")
    # a number and no foreign key: what is done outlives moves, drafts and deletion of the lesson (promise 30)
    lesson_id = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "lesson_id"], name="enrollment_done_once")]


class BlockCompletion(models.Model):
    """A video or recording that a person has played to 90 %, by the UUID of its block."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    lesson_id = models.PositiveIntegerField()
    block_id = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            # the block alone is not enough: a copied lesson has blocks with the same UUIDs
            models.UniqueConstraint(fields=["user", "lesson_id", "block_id"], name="enrollment_block_once")
        ]


class Position(models.Model):
    """Where a person stopped reading in a course: the lesson and the block in it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="positions")
    course_id = models.PositiveIntegerField()
    lesson_id = models.PositiveIntegerField()
    block_id = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "course_id"], name="enrollment_one_position")]


class Beginning(models.Model):
    """A module that a student has begun: it stays open for them, even when its opening is moved."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    module_id = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "module_id"], name="enrollment_begun_once")]

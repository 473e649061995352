"""Deleted courses, for people who completed them and for the audit log."""

from django.db import models
from django.utils import timezone


class FormerCourse(models.Model):
    """What is still told of a deleted course: its rows of enrolments and of the audit log name it by number."""

    course_id = models.PositiveIntegerField(primary_key=True)
    title = models.CharField(max_length=255)
    language = models.CharField(max_length=8, blank=True)
    deleted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title

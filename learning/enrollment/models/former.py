"""Deleted courses, for people who completed them and for the audit log."""

from django.db import models
from django.utils import timezone


class FormerCourse(models.Model):
    """Title and language of a deleted course, which enrolments and the audit log know only by its number."""

    course_id = models.PositiveIntegerField(primary_key=True)
    title = models.CharField(max_length=255)
    language = models.CharField(max_length=8, blank=True)
    deleted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.title

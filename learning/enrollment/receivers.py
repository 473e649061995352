"""Receivers of the framework's signals about pages."""

from typing import Any

from django.db import transaction
from django.dispatch import receiver
from wagtail.signals import page_published

from learning.courses.models import CoursePage
from learning.enrollment.actions import fill_seats


@receiver(page_published, sender=CoursePage)
def course_published(instance: CoursePage, **kwargs: Any) -> None:
    """Publishing may have added seats: the queue moves up."""
    transaction.on_commit(lambda: fill_seats(course_id=instance.pk))

"""Receivers of the framework's signals: about pages, and about addresses that were confirmed."""

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from wagtail.models import Page
from wagtail.signals import page_published, page_unpublished, post_page_move

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import course_paths_above
from learning.enrollment.actions import fill_seats
from learning.enrollment.invitations import accept_invitations
from learning.enrollment.models import Enrollment
from learning.enrollment.tasks import recount_progress


@receiver(page_published, sender=CoursePage)
def course_published(instance: CoursePage, **kwargs: Any) -> None:
    """Publishing may have added seats: the queue moves up."""
    transaction.on_commit(lambda: fill_seats(course_id=instance.pk))


@receiver([page_published, page_unpublished], sender=LessonPage)
@receiver([page_published, page_unpublished], sender=ModulePage)
@receiver(post_delete, sender=LessonPage)
@receiver(post_delete, sender=ModulePage)
def programme_changed(instance: Page, **kwargs: Any) -> None:
    """Everyone's share of the programme is another one."""
    _recount(instance.path)


@receiver(post_page_move)
def programme_moved(instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any) -> None:
    _recount(parent_page_before.path, parent_page_after.path)


def _recount(*paths: str) -> None:
    above = {path for whole in paths for path in course_paths_above(whole)}
    courses = CoursePage.objects.filter(path__in=above, pk__in=Enrollment.objects.values("course_id"))
    for course_id in courses.values_list("pk", flat=True):
        # after the commit: then the programme is read as it has become
        transaction.on_commit(partial(recount_progress.enqueue, course_id))


@receiver(email_confirmed)
def address_confirmed(email_address: EmailAddress, **kwargs: Any) -> None:
    accept_invitations(user=email_address.user)

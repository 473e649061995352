"""Receivers of the framework's signals: about pages, and about addresses that were confirmed."""

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from wagtail.models import Page, PageLogEntry
from wagtail.signals import page_published, page_unpublished, post_page_move

from learning.accounts.actions import record
from learning.accounts.models import AuditEntry
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import course_paths_above
from learning.courses.school_page import SchoolPage
from learning.enrollment import deeds
from learning.enrollment.actions import fill_seats
from learning.enrollment.invitations import accept_invitations
from learning.enrollment.models import Enrollment, FormerCourse, Invitation
from learning.enrollment.tasks import recount_progress


@receiver(page_published, sender=CoursePage)
def course_published(instance: CoursePage, **kwargs: Any) -> None:
    """Publishing may have added seats: the queue moves up."""
    # after the commit, in a transaction of its own: the lock of the seats is not held while the page is saved
    transaction.on_commit(lambda: fill_seats(course_id=instance.pk))


@receiver([page_published, page_unpublished], sender=LessonPage)
@receiver([page_published, page_unpublished], sender=ModulePage)
@receiver(post_delete, sender=LessonPage)
@receiver(post_delete, sender=ModulePage)
def programme_changed(instance: Page, **kwargs: Any) -> None:
    """Recount progress: the programme has other lessons now."""
    _recount(instance.path)


@receiver(post_page_move)
def programme_moved(instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any) -> None:
    _recount(parent_page_before.path, parent_page_after.path)


def _recount(*paths: str) -> None:
    above = {path for whole in paths for path in course_paths_above(whole)}
    # no job for a course without students, such as one whose pages are being imported
    courses = CoursePage.objects.filter(path__in=above, pk__in=Enrollment.objects.values("course_id"))
    for course_id in courses.values_list("pk", flat=True):
        # after the commit, so that the job reads the new programme
        transaction.on_commit(partial(recount_progress.enqueue, course_id))


@receiver(email_confirmed)
def address_confirmed(email_address: EmailAddress, **kwargs: Any) -> None:
    # only when the address is confirmed: otherwise anyone could sign up with an invited address and take the place
    accept_invitations(user=email_address.user)


@receiver(pre_delete, sender=CoursePage)
def course_deleted(instance: CoursePage, **kwargs: Any) -> None:
    """Keep the title for the enrolments and audit entries that stay, and delete the course's invitations."""
    if Enrollment.objects.filter(course_id=instance.pk).exists() or _is_in_audit_log(instance.pk):
        facts = {"title": instance.title, "language": instance.language}
        FormerCourse.objects.update_or_create(course_id=instance.pk, defaults=facts)
    Invitation.objects.filter(course_id=instance.pk).delete()


def _is_in_audit_log(course_id: int) -> bool:
    return AuditEntry.objects.filter(course_id=course_id).exists()


@receiver(post_save, sender=PageLogEntry)
def page_deleted(instance: PageLogEntry, created: bool, **kwargs: Any) -> None:
    """Write one audit entry for each deleted branch of pages; Wagtail logs each page, however it is deleted.

    What the system itself deletes, such as a course whose import has failed, is not in the audit log.
    """
    if not created or instance.action != "wagtail.delete" or instance.user_id is None:
        return
    # still there: Wagtail logs each page of the branch before it deletes the first
    page = Page.objects.filter(pk=instance.page_id).first()
    if page is None or not issubclass(page.specific_class or Page, SchoolPage):
        return
    above = course_paths_above(page.path)
    course_id = CoursePage.objects.filter(path__in=above).values_list("pk", flat=True).first()
    facts = {"did": "deleted", "page": page.title, "kind": page.specific_class.__name__, "below": page.numchild}
    parent_id = Page.objects.filter(path=page.path[: -page.steplen]).values_list("pk", flat=True).first()

    def write() -> None:
        if Page.objects.filter(pk=parent_id).exists():
            record(deeds.PAGE, actor=instance.user, course_id=course_id, facts=facts)

    transaction.on_commit(write)  # only then is it known whether the page above stays

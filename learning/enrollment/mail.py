"""Mail about enrolments, each in the language of its reader."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from learning.accounts.models import User
from learning.base.mail import mail_text
from learning.courses.models import CoursePage
from learning.courses.programme import address_of
from learning.enrollment.models import Invitation, StatusChange
from learning.enrollment.statuses import By


def _send(*, to: str, language: str, template: str, context: dict[str, object]) -> None:
    text = mail_text(template, language, context)
    # stores a job in this transaction (QueuedEmailBackend): the mail and its `told_at` are written together
    EmailMessage(text.subject, text.body, to=[to]).send()


@transaction.atomic
def send_changes(ids: Sequence[int]) -> int:
    """Write to the students about these changes, unless their account is closed; each is told once."""
    # lock and `told_at`: two workers with the same job mail once (promise 35). Only `self`: the enrolments and
    # people that the joins read stay unlocked.
    rows = StatusChange.objects.select_for_update(of=("self",)).filter(pk__in=ids, told_at=None)
    changes = list(rows.select_related("enrollment__user", "enrollment__course"))
    for change in changes:
        enrollment = change.enrollment
        person, course = enrollment.user, enrollment.course
        # marked as told below all the same: an old change is not mailed when the account is opened again
        if not person.is_active or course is None:
            continue
        _send(
            to=person.email,
            language=person.language,
            template="enrollment/mail/status.txt",
            context={
                "person": person,
                "course": course,
                "course_url": settings.BASE_URL + address_of(course.url_path),
                "status": change.after,
                "before": change.before,
                "by_staff": change.by == By.STAFF,
                "by_student": change.by == By.STUDENT,
                "reason": change.reason,
            },
        )
    StatusChange.objects.filter(pk__in=[change.pk for change in changes]).update(told_at=timezone.now())
    return len(changes)


@transaction.atomic
def send_invitations(ids: Sequence[int]) -> int:
    """Write to these addresses that they are invited; each is told once."""
    rows = list(Invitation.objects.select_for_update(of=("self",)).filter(pk__in=ids, told_at=None))
    courses = CoursePage.objects.in_bulk({row.course_id for row in rows})
    emails = [row.email for row in rows]
    languages = dict(User.objects.filter(email__in=emails).values_list("email", "language"))
    for invitation in rows:
        course = courses.get(invitation.course_id)
        if course is None:
            continue
        facts = {
            "course": course,
            "course_url": settings.BASE_URL + address_of(course.url_path),
            "signup_url": settings.BASE_URL + reverse("account_signup"),
            "name": invitation.name,
            "enrols": invitation.enrols,
        }
        language = languages.get(invitation.email) or course.language
        _send(to=invitation.email, language=language, template="enrollment/mail/invitation.txt", context=facts)
    Invitation.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=timezone.now())
    return len(rows)

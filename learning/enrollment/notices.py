"""Mail about enrolments, each in the language of its reader."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment, Invitation
from learning.enrollment.statuses import By, Status


def _send(*, to: str, language: str, template: str, context: dict[str, object]) -> None:
    with translation.override(language or settings.LANGUAGE_CODE):
        text = render_to_string(template, {**context, "base_url": settings.BASE_URL})
    subject, _blank, body = text.strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[to]).send()


def tell_of_change(*, enrollment: Enrollment, before: Status | None, by: By, reason: str) -> None:
    """Write to the student about a change of status, unless their account is closed."""
    person = User.objects.filter(pk=enrollment.user_id, is_active=True).first()
    course = CoursePage.objects.filter(pk=enrollment.course_id).first()
    if person is None or course is None:
        return
    _send(
        to=person.email,
        language=person.language,
        template="enrollment/mail/status.txt",
        context={
            "person": person,
            "course": course,
            "course_url": settings.BASE_URL + address_of(course.url_path),
            "status": enrollment.status,
            "before": before,
            "by_staff": by == By.STAFF,
            "by_student": by == By.STUDENT,
            "reason": reason,
        },
    )


def tell_of_invitation(*, invitation: Invitation) -> None:
    course = CoursePage.objects.filter(pk=invitation.course_id).first()
    if course is None:
        return
    person = User.objects.filter(email__iexact=invitation.email).first()
    _send(
        to=invitation.email,
        language=person.language if person else course.language,
        template="enrollment/mail/invitation.txt",
        context={"course": course, "course_url": settings.BASE_URL + address_of(course.url_path)},
    )

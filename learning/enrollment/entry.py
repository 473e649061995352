"""Who may enrol in a course by themselves: the rules of the course. Seats are checked later, under the lock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.courses.enums import EnrollmentPolicy
from learning.courses.models import CoursePage
from learning.enrollment.access import missing_prerequisites
from learning.enrollment.models import Invitation


@dataclass(slots=True)
class Reason:
    """Why someone may not enrol or read: a code, for which templates have the words, with its date or courses."""

    code: str
    when: datetime | None = None
    courses: list[CoursePage] | None = None

    @property
    def sentence(self) -> Any:
        """The reason in words, for the person who tried to enrol."""
        words = _SENTENCES[self.code]
        return words % {"courses": ", ".join(page.title for page in self.courses)} if self.courses else words


_SENTENCES = {
    "not_open_yet": _("Enrolment has not opened yet."),
    "over": _("Enrolment is over."),
    "closed": _("This course takes no students."),
    "invitation": _("This course is by invitation only."),
    "prerequisites": _("Complete first: %(courses)s."),
}


def reason_against(course: CoursePage) -> Reason | None:
    """Return why nobody may enrol in this published course now; None while enrolment is open."""
    now = timezone.now()
    if course.enroll_from and now < course.enroll_from:
        return Reason("not_open_yet", course.enroll_from)
    if (course.enroll_until and now >= course.enroll_until) or course.has_ended:
        return Reason("over")
    return Reason("closed") if course.policy == EnrollmentPolicy.CLOSED else None


def reason_against_person(user: User, course: CoursePage) -> Reason | None:
    """Why this person may not enrol in this course, which is open to others; two queries at most."""
    if course.policy == EnrollmentPolicy.INVITATION and not _is_invited(user, course):
        return Reason("invitation")
    missing = missing_prerequisites(user, course)
    return Reason("prerequisites", courses=missing) if missing else None


def _is_invited(user: User, course: CoursePage) -> bool:
    # an account logs in only with a confirmed address, so nobody takes an invitation by typing a foreign address
    return Invitation.objects.filter(course=course, email=user.email.lower()).exists()

"""Enrolling from the web, by page or API: the action, with a limit on guessing keys."""

from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from learning.courses.models import CoursePage
from learning.enrollment import actions
from learning.enrollment.models import Enrollment

TRY_KEY = "enroll_key"  # its limit is in ACCOUNT_RATE_LIMITS: wrong keys per person and course
KEY_LENGTH = 200


def join(request: HttpRequest, course: CoursePage, *, key: str, group_id: int | None) -> Enrollment:
    """Enrol the person of this request. Raises EnrollmentError, also after too many wrong keys (`too_many`)."""
    user: Any = request.user
    # by person and course and not by address: others behind the same address keep their tries
    tries = f"{user.pk}:{course.pk}"
    # only looks: a try is counted below, after a wrong key, so that other refusals cost none
    if not ratelimit.consume(request, action=TRY_KEY, key=tries, dry_run=True):
        raise actions.EnrollmentError("too_many", _("Too many tries. Wait a few minutes."))
    try:
        return actions.enroll(user=user, course=course, key=key.replace("\x00", "")[:KEY_LENGTH], group_id=group_id)
    except actions.EnrollmentError as error:
        if error.code == "wrong_key":
            ratelimit.consume(request, action=TRY_KEY, key=tries)
        raise

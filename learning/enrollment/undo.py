"""Undoing a change of status by staff: within ten minutes, and only while the enrolment has not changed again."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.enrollment.actions import ChangesResult
from learning.enrollment.models import Enrollment, StatusChange
from learning.enrollment.rights import managed_courses, manages_everything
from learning.enrollment.seats import Changes, EnrollmentError, locked_course
from learning.enrollment.statuses import By, Status

MINUTES = 10
MOST = 2000  # changes stored in a session, which is a row that each request reads
_KEY = "status_changes_to_undo"


def undoable(actor: User, change_ids: Iterable[int]) -> QuerySet[StatusChange]:
    """Those of these changes that this person made in the last minutes, without changes that created an enrolment."""
    since = timezone.now() - timedelta(minutes=MINUTES)
    rows = StatusChange.objects.filter(pk__in=list(change_ids), by=By.STAFF, actor=actor, at__gte=since)
    # asked again: the right over the course may be gone since the change (promise 6)
    if not manages_everything(actor):
        rows = rows.filter(enrollment__course_id__in=managed_courses(actor).values("pk"))
    return rows.exclude(before="").order_by("enrollment__course_id", "pk")


def undo(*, change_ids: Iterable[int], actor: User) -> ChangesResult:
    """Set enrolments back to their former status. Those changed again since then are returned with a reason."""
    outcome = ChangesResult()
    by_course: dict[int, list[StatusChange]] = defaultdict(list)
    for change in undoable(actor, change_ids).select_related("enrollment"):
        by_course[change.enrollment.course_id].append(change)
    for course_id, own in by_course.items():
        try:
            _undo_in_course(course_id, own, actor, outcome)
        except EnrollmentError as error:
            outcome.refused.update({change.enrollment_id: str(error) for change in own})
    return outcome


@transaction.atomic
def _undo_in_course(course_id: int, own: list[StatusChange], actor: User, outcome: ChangesResult) -> None:
    course, seats = locked_course(course_id)
    changes = Changes(course, seats, by=By.STAFF, actor=actor, reason=str(_("Undone")))
    rows = Enrollment.objects.select_for_update().in_bulk([change.enrollment_id for change in own])
    for change in own:
        enrollment = rows[change.enrollment_id]
        later = StatusChange.objects.filter(enrollment=enrollment, pk__gt=change.pk).exists()
        if later or enrollment.status != change.after:
            outcome.refused[enrollment.pk] = str(_("Something has changed since; it is left as it is."))
            continue
        try:
            # a seat that went to the next in the queue is not taken from them: `move` refuses with “full”
            changes.move(enrollment, Status(change.before), undoes=True)
        except EnrollmentError as error:
            outcome.refused[enrollment.pk] = str(error)
            continue
        if enrollment.status == Status.WAITLISTED:
            enrollment.waiting_since = _queued_at(enrollment)
        outcome.changed += 1
    changes.fill()
    changes.write()


def _queued_at(enrollment: Enrollment) -> Any:
    """Since when the student had waited before the change: their place in the queue comes back too."""
    queued = enrollment.history.filter(after=Status.WAITLISTED).order_by("-at", "-pk")
    return queued.values_list("at", flat=True).first() or enrollment.created_at


def remember(request: HttpRequest, change_ids: list[int]) -> None:
    """Store in the session which changes can be undone; they replace those of the change before."""
    request.session[_KEY] = change_ids[:MOST]


def remembered(request: HttpRequest) -> list[int]:
    return list(request.session.get(_KEY, []))

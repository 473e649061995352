"""Verbs about enrolments. Every change of a status, from any surface, goes through here.

Seats are given and freed under a lock on the course's row in `Seats`; on SQLite the immediate
transaction is that lock.
"""

import hmac
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.courses.enums import EnrollmentPolicy
from learning.courses.models import CoursePage
from learning.enrollment.access import missing_prerequisites
from learning.enrollment.models import Enrollment, Invitation, Seats, StatusChange
from learning.enrollment.notices import tell_of_change, tell_of_invitation
from learning.enrollment.statuses import LEAVABLE, PENDING, READING, REJOINABLE, SEATED, By, Status, may_go

_PARTIAL = ["status", "changed_at", "waiting_since", "completed_at"]


class EnrollmentError(Exception):
    """An enrolment that cannot be, with a `code` for programs and a sentence for people."""

    def __init__(self, code: str, message: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


def _counted(course_id: int) -> dict[str, int]:
    of_course = Enrollment.objects.filter(course_id=course_id)
    return {
        "taken": of_course.filter(status__in=SEATED).count(),
        "waiting": of_course.filter(status=Status.WAITLISTED).count(),
    }


def recount_seats(course_id: int) -> None:
    """Make the stored counts true again, after rows were written in bulk."""
    Seats.objects.update_or_create(pk=course_id, defaults=_counted(course_id))


def _lock_seats(course_id: int) -> Seats:
    """The course's row of seats, locked until the transaction ends. Who else writes it: this module only."""
    try:
        return Seats.objects.select_for_update().get(pk=course_id)
    except Seats.DoesNotExist:
        try:
            with transaction.atomic():
                Seats.objects.create(pk=course_id, **_counted(course_id))
        except IntegrityError:
            pass  # another request made the row first
        return Seats.objects.select_for_update().get(pk=course_id)


def _has_seat(course: CoursePage, seats: Seats) -> bool:
    return course.capacity is None or seats.taken < course.capacity


def _move(
    *, enrollment: Enrollment, after: Status, by: By, actor: User | None, reason: str, seats: Seats, course: CoursePage
) -> None:
    """One step of the machine, with its history, seats and mail. The seats' row must be locked."""
    before = Status(enrollment.status) if enrollment.status else None
    if not may_go(before, after, by):
        raise EnrollmentError(
            "no_such_step",
            _("An enrolment that is “%(before)s” cannot become “%(after)s”.")
            % {"before": before.label if before else "–", "after": after.label},
        )
    if after in SEATED and before not in SEATED and not _has_seat(course, seats):
        raise EnrollmentError("full", _("All seats of this course are taken."))
    now = timezone.now()
    enrollment.status = after
    enrollment.changed_at = now
    enrollment.waiting_since = now if after == Status.WAITLISTED else None
    if after == Status.COMPLETED:
        enrollment.completed_at = now
    if enrollment.pk:
        enrollment.save(update_fields=_PARTIAL)
    else:
        enrollment.save()
    seats.taken += (after in SEATED) - (before in SEATED)
    seats.waiting += (after == Status.WAITLISTED) - (before == Status.WAITLISTED)
    seats.save(update_fields=["taken", "waiting"])
    StatusChange.objects.create(
        enrollment=enrollment, before=before or "", after=after, by=by, actor=actor, reason=reason[:500], at=now
    )
    transaction.on_commit(lambda: tell_of_change(enrollment=enrollment, before=before, by=by, reason=reason))


def _fill_from_queue(course: CoursePage, seats: Seats) -> list[Enrollment]:
    """Give free seats to those who wait, the first one first."""
    moved = []
    while seats.waiting > 0 and _has_seat(course, seats):
        first = Enrollment.objects.queued().filter(course=course).first()
        if first is None:
            seats.waiting = 0
            seats.save(update_fields=["waiting"])
            break
        _move(enrollment=first, after=Status.ACTIVE, by=By.SYSTEM, actor=None, reason="", seats=seats, course=course)
        moved.append(first)
    return moved


def enrollment_window(course: CoursePage) -> str | None:
    """`early` or `late` when the enrolment window is closed now, else nothing."""
    now = timezone.now()
    if course.enroll_from and now < course.enroll_from:
        return "early"
    if (course.enroll_until and now >= course.enroll_until) or course.has_ended:
        return "late"
    return None


def _check_door_to_enrolment(user: User, course: CoursePage, key: str) -> None:
    """Whether the course's own rules let this person enrol; seats are looked at later, under the lock."""
    if not course.live:
        raise EnrollmentError("no_such_course", _("There is no such course."))
    window = enrollment_window(course)
    if window == "early":
        raise EnrollmentError("not_open_yet", _("Enrolment has not opened yet."))
    if window == "late":
        raise EnrollmentError("over", _("Enrolment is over."))
    if course.policy == EnrollmentPolicy.CLOSED:
        raise EnrollmentError("closed", _("This course takes no students."))
    if course.policy == EnrollmentPolicy.INVITATION and not is_invited(user, course):
        raise EnrollmentError("invitation", _("This course is by invitation only."))
    if course.policy == EnrollmentPolicy.KEY and not hmac.compare_digest(
        key.strip().casefold().encode(), course.key.strip().casefold().encode()
    ):
        raise EnrollmentError("wrong_key", _("This is not the key of this course."))
    missing = missing_prerequisites(user, course)
    if missing:
        raise EnrollmentError(
            "prerequisites",
            _("Complete first: %(courses)s.") % {"courses": ", ".join(page.title for page in missing)},
        )


def is_invited(user: User, course: CoursePage) -> bool:
    return Invitation.objects.filter(course=course, email=user.email.lower()).exists()


@transaction.atomic
def enroll(*, user: User, course: CoursePage, key: str = "") -> Enrollment:
    """Enrol a person by their own wish, under the policy of the course.

    Enrolling twice gives the same enrolment. Raises EnrollmentError when it cannot be; nothing is changed then.
    """
    seats = _lock_seats(course.pk)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment and (enrollment.status in READING or enrollment.status in PENDING):
        return enrollment
    if enrollment and enrollment.status not in REJOINABLE:
        raise EnrollmentError("staff_only", _("Only the school can bring you back to this course."))
    # read anew: the page at hand may be older than the lock
    course = CoursePage.objects.get(pk=course.pk)
    _check_door_to_enrolment(user, course, key)
    if course.policy == EnrollmentPolicy.APPROVAL:
        after = Status.REQUESTED
    elif _has_seat(course, seats) and seats.waiting == 0:
        after = Status.ACTIVE
    elif course.waiting_list:
        after = Status.WAITLISTED
    else:
        raise EnrollmentError("full", _("All seats of this course are taken."))
    enrollment = enrollment or Enrollment(user=user, course=course, status="")
    _move(enrollment=enrollment, after=after, by=By.STUDENT, actor=user, reason="", seats=seats, course=course)
    return enrollment


def _locked(enrollment: Enrollment) -> tuple[Enrollment, Seats, CoursePage]:
    seats = _lock_seats(enrollment.course_id)
    course = CoursePage.objects.filter(pk=enrollment.course_id).first()
    if course is None:
        raise EnrollmentError("no_such_course", _("There is no such course."))
    return Enrollment.objects.select_for_update().get(pk=enrollment.pk), seats, course


@transaction.atomic
def leave(*, user: User, course: CoursePage) -> Enrollment:
    """Leave a course or its queue; progress stays. Leaving twice is leaving once."""
    enrollment = Enrollment.objects.filter(user=user, course=course).first()
    if enrollment is None:
        raise EnrollmentError("not_enrolled", _("You are not enrolled in this course."))
    enrollment, seats, course = _locked(enrollment)
    if enrollment.status == Status.LEFT:
        return enrollment
    if enrollment.status not in LEAVABLE:
        raise EnrollmentError("staff_only", _("Only the school can change this enrolment."))
    _move(enrollment=enrollment, after=Status.LEFT, by=By.STUDENT, actor=user, reason="", seats=seats, course=course)
    _fill_from_queue(course, seats)
    return enrollment


@transaction.atomic
def change_status(*, enrollment: Enrollment, after: Status, actor: User, reason: str = "") -> Enrollment:
    """A change by staff: approve, decline, pause, resume, remove, bring back, complete."""
    enrollment, seats, course = _locked(enrollment)
    if enrollment.status == after:
        return enrollment
    _move(enrollment=enrollment, after=after, by=By.STAFF, actor=actor, reason=reason, seats=seats, course=course)
    _fill_from_queue(course, seats)
    return enrollment


@transaction.atomic
def enroll_by_staff(*, user: User, course: CoursePage, actor: User, reason: str = "") -> Enrollment:
    """Staff enrol a person, past policy and window but never past the seats."""
    seats = _lock_seats(course.pk)
    course = CoursePage.objects.get(pk=course.pk)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment and enrollment.status in READING:
        return enrollment
    if enrollment is None:
        enrollment = Enrollment(user=user, course=course, status="")
    elif enrollment.status == Status.LEFT:
        raise EnrollmentError("student_only", _("Who has left comes back only by themselves."))
    _move(
        enrollment=enrollment, after=Status.ACTIVE, by=By.STAFF, actor=actor, reason=reason, seats=seats, course=course
    )
    return enrollment


@transaction.atomic
def complete(*, enrollment: Enrollment) -> Enrollment:
    """All lessons are done: an active enrolment becomes completed, once and for good."""
    enrollment, seats, course = _locked(enrollment)
    if enrollment.status == Status.ACTIVE:
        _move(
            enrollment=enrollment,
            after=Status.COMPLETED,
            by=By.SYSTEM,
            actor=None,
            reason="",
            seats=seats,
            course=course,
        )
    return enrollment


@transaction.atomic
def fill_seats(*, course_id: int) -> int:
    """Move the queue up after seats have been added; returns how many were moved."""
    course = CoursePage.objects.live().filter(pk=course_id).first()
    if course is None:
        return 0
    return len(_fill_from_queue(course, _lock_seats(course_id)))


def expire_ended() -> int:
    """Close the active enrolments of courses that have ended; returns how many. Safe to run at any time."""
    ended = Enrollment.objects.filter(status=Status.ACTIVE, course__ends_at__lte=timezone.now())
    closed = 0
    for enrollment in ended.iterator(chunk_size=500):
        with transaction.atomic():
            fresh, seats, course = _locked(enrollment)
            if fresh.status == Status.ACTIVE and course.has_ended:
                _move(
                    enrollment=fresh,
                    after=Status.EXPIRED,
                    by=By.SYSTEM,
                    actor=None,
                    reason="",
                    seats=seats,
                    course=course,
                )
                closed += 1
    return closed


@transaction.atomic
def invite(*, course: CoursePage, email: str, actor: User | None) -> Invitation:
    """Let an address enrol, and tell it so once."""
    invitation, created = Invitation.objects.get_or_create(
        course=course, email=email.strip().lower(), defaults={"invited_by": actor}
    )
    if created:
        transaction.on_commit(lambda: tell_of_invitation(invitation=invitation))
    return invitation

"""How an enrolment goes from one status to another: by the table of `statuses`, under the lock of the course's seats.

Seats are given and freed under a lock on the course's row in `Seats`; on SQLite the immediate
transaction is that lock. Only `actions` uses this.
"""

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import AuditEntry, User
from learning.courses.models import CoursePage
from learning.enrollment import deeds
from learning.enrollment.models import Enrollment, Seats, StatusChange, StudyGroup
from learning.enrollment.notices import queue_change_mail
from learning.enrollment.statuses import IN_GROUP, SEATED, By, Status, is_allowed_transition

WRITE_BATCH_SIZE = 500


class EnrollmentError(Exception):
    """A refused change of an enrolment, with a `code` for programs and a sentence for people."""

    def __init__(self, code: str, message: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


class Changes:
    """Steps of enrolments of one course, taken under the lock of its seats and written together at the end.

    Nothing is written before `write`, so an exception on the way changes nothing.
    """

    _FIELDS: ClassVar = ["status", "changed_at", "waiting_since", "completed_at", "group"]

    def __init__(self, course: CoursePage, seats: Seats, *, by: By, actor: User | None, reason: str = "") -> None:
        self.course, self.seats = course, seats
        # 500 is the length of the column; PostgreSQL refuses longer texts, and bulk_create validates nothing
        self.by, self.actor, self.reason = by, actor, reason[:500]
        self.now = timezone.now()
        self.moved: list[Enrollment] = []
        self.history: list[StatusChange] = []
        self.placed: set[int] = set()  # enrolments whose place in a study group is settled
        self.members: dict[int, int] = {}  # of study groups, with those who come in this transaction

    @property
    def has_seat(self) -> bool:
        return self.course.capacity is None or self.seats.taken < self.course.capacity

    def move(self, enrollment: Enrollment, after: Status, by: By | None = None, *, undoes: bool = False) -> None:
        """Take one step; raises EnrollmentError where the table or the seats do not allow it.

        With `undoes` the step reverses the one before it: it need not be in the table of steps, but needs a free seat.
        """
        by = by or self.by
        before = Status(enrollment.status) if enrollment.status else None
        if not undoes and not is_allowed_transition(before, after, by):
            raise EnrollmentError(
                "no_such_step",
                _("An enrolment that is “%(before)s” cannot become “%(after)s”.")
                % {"before": before.label if before else "–", "after": after.label},
            )
        # checked here and not by the callers, so that no way into a course can forget it (promise 29)
        if after in SEATED and before not in SEATED and not self.has_seat:
            raise EnrollmentError("full", _("All seats of this course are taken."))
        # who comes back had no place in their group meanwhile: others may have taken it
        if before not in IN_GROUP:
            self.keep_group(enrollment)
        enrollment.status = after
        enrollment.changed_at = self.now
        enrollment.waiting_since = self.now if after == Status.WAITLISTED else None
        if after == Status.COMPLETED and not undoes:
            enrollment.completed_at = self.now
        elif undoes and before == Status.COMPLETED:
            enrollment.completed_at = None
        # plain numbers are safe without F(): the row of the seats is locked
        self.seats.taken += (after in SEATED) - (before in SEATED)
        self.seats.waiting += (after == Status.WAITLISTED) - (before == Status.WAITLISTED)
        self.moved.append(enrollment)
        # the reason is about one student: it must not be mailed to those who move up because of the change
        by_person = by != By.SYSTEM
        self.history.append(
            StatusChange(
                enrollment=enrollment,
                before=before or "",
                after=after,
                by=by,
                actor=self.actor if by_person else None,
                reason=self.reason if by_person else "",
                at=self.now,
            )
        )

    def keep_group(self, enrollment: Enrollment) -> None:
        """Let a returning student keep their study group, unless it has ended or is full by now."""
        group = enrollment.group if enrollment.pk else None
        # `enroll` asks once before the student chooses a group, `move` asks again: the place is counted once
        if group is None or enrollment.pk in self.placed:
            return
        self.placed.add(enrollment.pk)
        if group.has_ended or not self.has_place(group):
            enrollment.group = None
        else:
            self.take_place(group)

    def has_place(self, group: StudyGroup) -> bool:
        # counted once for a batch and then kept up here: rows of the batch are not written yet
        if group.pk not in self.members:
            self.members[group.pk] = group.count_members()
        return group.capacity is None or self.members[group.pk] < group.capacity

    def take_place(self, group: StudyGroup) -> None:
        """Count one more member of the group, for which `has_place` was asked."""
        self.members[group.pk] += 1

    def fill(self) -> int:
        """Give free seats to those who wait, the first one first; returns how many were moved.

        Nobody moves up into a course that is over or not published.
        """
        if self.seats.waiting <= 0 or not self.has_seat or self.course.has_ended or not self.course.live:
            return 0
        gone = {enrollment.pk for enrollment in self.moved}  # the database still has some of them in the queue
        count = 0
        # these rows need no lock: every change of a status takes the lock of the seats first
        for enrollment in Enrollment.objects.queued().filter(course=self.course).iterator(chunk_size=WRITE_BATCH_SIZE):
            if not self.has_seat:
                break
            if enrollment.pk not in gone:
                self.move(enrollment, Status.ACTIVE, By.SYSTEM)
                count += 1
        return count

    def write(self) -> None:
        """Write all steps with their history, audit entries and the jobs that mail them."""
        # new enrolments before the history, which needs their keys
        new = [enrollment for enrollment in self.moved if enrollment.pk is None]
        Enrollment.objects.bulk_create(new, batch_size=WRITE_BATCH_SIZE)
        old = [enrollment for enrollment in self.moved if enrollment not in new]
        Enrollment.objects.bulk_update(old, self._FIELDS, batch_size=WRITE_BATCH_SIZE)
        self.seats.save(update_fields=["taken", "waiting"])
        StatusChange.objects.bulk_create(self.history, batch_size=WRITE_BATCH_SIZE)
        # the audit log tells what staff did; steps of students and of the system are in the history alone
        AuditEntry.objects.bulk_create(
            [self._audit(change) for change in self.history if change.by == By.STAFF], batch_size=WRITE_BATCH_SIZE
        )
        if self.history:
            # in this transaction: either the change and its mail, or neither
            queue_change_mail(self.history)

    def _audit(self, change: StatusChange) -> AuditEntry:
        facts = {"before": str(change.before), "after": str(change.after), "enrollment": change.enrollment.pk}
        return AuditEntry(
            deed=deeds.STATUS,
            at=self.now,
            actor=self.actor,
            person_id=change.enrollment.user_id,
            course_id=self.course.pk,
            facts=facts,
        )


def has_free_seat(course_id: int) -> bool:
    """Whether someone could be enrolled now, read without a lock: another request may take the seat."""
    course, seats = CoursePage.objects.filter(pk=course_id).first(), Seats.objects.filter(pk=course_id).first()
    return course is not None and (course.capacity is None or (seats.taken if seats else 0) < course.capacity)


def locked_course(course_id: int) -> tuple[CoursePage, Seats]:
    """Lock the seats of a course and read it; raises EnrollmentError where it has been deleted."""
    # the lock first: while it waits, the course may get another capacity or end
    seats = Seats.objects.lock(course_id)
    course = CoursePage.objects.filter(pk=course_id).first()
    if course is None:
        raise EnrollmentError("no_such_course", _("There is no such course."))
    return course, seats

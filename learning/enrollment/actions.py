"""Enrolment actions. Every change of a status, from page, CMS, API, import or job, goes through here."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.courses.enums import EnrollmentPolicy
from learning.courses.models import CoursePage
from learning.enrollment.entry import reason_against, reason_against_person
from learning.enrollment.groups import groups_with_places, place
from learning.enrollment.models import Enrollment, Seats, StudyGroup
from learning.enrollment.seats import WRITE_BATCH_SIZE, Changes, EnrollmentError, locked_course
from learning.enrollment.statuses import IN_GROUP, LEAVABLE, PENDING, READING, REJOINABLE, SEATED, By, Status

LOOKED_UP_AT_ONCE = 10_000  # below the most parameters of one statement: 65,535 on PostgreSQL, 32,766 on SQLite


def _check_rules_of_course(user: User, course: CoursePage, key: str) -> None:
    if not course.live:
        raise EnrollmentError("no_such_course", _("There is no such course."))
    reason = reason_against(course)
    if reason is None and course.policy == EnrollmentPolicy.KEY and not _is_key(key, course):
        raise EnrollmentError("wrong_key", _("This is not the key of this course."))
    reason = reason or reason_against_person(user, course)
    if reason is not None:
        raise EnrollmentError(reason.code, reason.sentence)


def _is_key(key: str, course: CoursePage) -> bool:
    """Compare the key in constant time."""
    # as bytes: compare_digest takes only ASCII as text, and a key may be in any script
    return hmac.compare_digest(key.strip().casefold().encode(), course.key.strip().casefold().encode())


def _chosen_group(course: CoursePage, group_id: int | None, *, must: bool) -> StudyGroup | None:
    """Return the study group that the person chose. Lock the seats before: their lock guards places of groups too."""
    if group_id is None:
        # where every group is full nobody has to choose one: the course may still have seats
        if must and course.choose_group and any(group.left != 0 for group in groups_with_places(course)):
            raise EnrollmentError("choose_group", _("Choose a study group."))
        return None
    group = next((group for group in groups_with_places(course) if group.pk == group_id), None)
    if group is None:
        raise EnrollmentError("no_such_group", _("There is no such study group in this course."))
    if group.left == 0:
        raise EnrollmentError("group_full", _("This study group is full."))
    return group


@transaction.atomic
def enroll(*, user: User, course: CoursePage, key: str = "", group_id: int | None = None) -> Enrollment:
    """Enrol a person by their own wish, under the policy of the course.

    `group_id` is asked for by courses whose students choose a study group, and means nothing to others.
    Enrolling twice gives the same enrolment. Raises EnrollmentError, with nothing changed, where it is not allowed.
    """
    # the seats before the enrolment, in every action: two orders of locks would be a deadlock
    seats = Seats.objects.lock(course.pk)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment and (enrollment.status in READING or enrollment.status in PENDING):
        return enrollment
    if enrollment and enrollment.status not in REJOINABLE:
        raise EnrollmentError("staff_only", _("Only the school can bring you back to this course."))
    # read again: the caller's page may have been read before the lock, with another capacity or end
    course = CoursePage.objects.get(pk=course.pk)
    _check_rules_of_course(user, course, key)
    changes = Changes(course, seats, by=By.STUDENT, actor=user)
    if course.policy == EnrollmentPolicy.APPROVAL:
        after = Status.REQUESTED
    # a free seat belongs to those who wait already: nobody passes the queue
    elif changes.has_seat and seats.waiting == 0:
        after = Status.ACTIVE
    elif course.waiting_list:
        after = Status.WAITLISTED
    else:
        raise EnrollmentError("full", _("All seats of this course are taken."))
    enrollment = enrollment or Enrollment(user=user, course=course, status="")
    # before the choice of a group: who keeps the old group is not asked for one
    changes.keep_group(enrollment)
    if course.choose_group and enrollment.group_id is None:
        enrollment.group = _chosen_group(course, group_id, must=True)
    changes.move(enrollment, after)
    changes.write()
    return enrollment


@transaction.atomic
def leave(*, user: User, course: CoursePage) -> Enrollment:
    """Leave a course or its queue; progress stays. Leaving a second time changes nothing."""
    course, seats = locked_course(course.pk)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment is None:
        raise EnrollmentError("not_enrolled", _("You are not enrolled in this course."))
    if enrollment.status == Status.LEFT:
        return enrollment
    if enrollment.status not in LEAVABLE:
        raise EnrollmentError("staff_only", _("Only the school can change this enrolment."))
    changes = Changes(course, seats, by=By.STUDENT, actor=user)
    changes.move(enrollment, Status.LEFT)
    changes.fill()
    changes.write()
    return enrollment


@transaction.atomic
def change_status(*, enrollment: Enrollment, after: Status, actor: User, reason: str = "") -> Enrollment:
    """Change an enrolment's status as staff: approve, decline, pause, resume, remove, bring back, complete."""
    course, seats = locked_course(enrollment.course_id)
    enrollment = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    # read under the lock: two members of staff who approve at once make one change
    if enrollment.status == after:
        return enrollment
    changes = Changes(course, seats, by=By.STAFF, actor=actor, reason=reason)
    changes.move(enrollment, after)
    changes.fill()
    changes.write()
    return enrollment


@dataclass
class ChangesResult:
    """Result of a bulk change: how many enrolments changed, and by enrolment id why the others did not."""

    changed: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    changes: list[int] = field(default_factory=list)  # ids of the StatusChange rows, for undoing them


def change_statuses(*, enrollment_ids: Iterable[int], after: Status, actor: User, reason: str = "") -> ChangesResult:
    """Change the status of many enrolments. Those that cannot change are returned with the reason.

    Courses are taken one after the other, each in a transaction of its own, so that none waits long for its seats.
    """
    by_course: dict[int, list[int]] = defaultdict(list)
    ids = list(enrollment_ids)
    for start in range(0, len(ids), LOOKED_UP_AT_ONCE):
        pairs = Enrollment.objects.filter(pk__in=ids[start : start + LOOKED_UP_AT_ONCE]).order_by("course_id", "pk")
        for pk, course_id in pairs.values_list("pk", "course_id"):
            by_course[course_id].append(pk)
    outcome = ChangesResult()
    for course_id, own in by_course.items():
        try:
            _change_in_course(course_id, own, after, actor, reason, outcome)
        except EnrollmentError as error:
            outcome.refused.update(dict.fromkeys(own, str(error)))
    return outcome


@transaction.atomic
def _change_in_course(  # noqa: PLR0917
    course_id: int, ids: list[int], after: Status, actor: User, reason: str, outcome: ChangesResult
) -> None:
    course, seats = locked_course(course_id)
    changes = Changes(course, seats, by=By.STAFF, actor=actor, reason=reason)
    # who has waited longest is first, should there not be seats for all
    rows = Enrollment.objects.select_for_update().filter(pk__in=ids).order_by("waiting_since", "created_at", "pk")
    for enrollment in rows:
        if enrollment.status == after:
            continue
        try:
            changes.move(enrollment, after)
            outcome.changed += 1
        except EnrollmentError as error:
            outcome.refused[enrollment.pk] = str(error)
    # after the whole batch: a seat that one row frees may go to a later row of it
    changes.fill()
    changes.write()
    # without those who moved up: staff did not choose them and cannot undo them
    outcome.changes += [change.pk for change in changes.history if change.by == By.STAFF]


@transaction.atomic
def enroll_by_staff(
    *, user: User, course: CoursePage, actor: User | None, reason: str = "", group_id: int | None = None
) -> Enrollment:
    """Enrol a person as staff: policy and enrolment dates do not apply, seats do."""
    seats = Seats.objects.lock(course.pk)
    course = CoursePage.objects.get(pk=course.pk)
    enrollment = Enrollment.objects.select_for_update().filter(user=user, course=course).first()
    if enrollment and enrollment.status in READING:
        return enrollment
    if enrollment is None:
        enrollment = Enrollment(user=user, course=course, status="")
    elif enrollment.status == Status.LEFT:
        raise EnrollmentError("student_only", _("Who has left comes back only by themselves."))
    # who was out of the course has lost the place in their group, even in the same one
    if group_id is not None and (enrollment.group_id != group_id or enrollment.status not in IN_GROUP):
        enrollment.group = _chosen_group(course, group_id, must=False)
    changes = Changes(course, seats, by=By.STAFF, actor=actor, reason=reason)
    changes.move(enrollment, Status.ACTIVE)
    changes.write()
    return enrollment


@dataclass(frozen=True)
class Wanted:
    """A person to enrol, and the study group to put them in."""

    user: User
    group_id: int | None = None
    reason: str = ""


@transaction.atomic
def enroll_many(*, course_id: int, wanted: Sequence[Wanted], actor: User) -> dict[int, str]:
    """Do `enroll_by_staff` for many people of one course; those who are enrolled already change their study group.

    Returns the reason, by the id of the person, for each who could not be enrolled or moved.
    """
    course, seats = locked_course(course_id)
    users = [want.user.pk for want in wanted]
    there = {row.user_id: row for row in Enrollment.objects.select_for_update().filter(course=course, user__in=users)}
    groups = {group.pk: group for group in groups_with_places(course)}
    changes = Changes(course, seats, by=By.STAFF, actor=actor)
    refused: dict[int, str] = {}
    moving: dict[int, list[int]] = defaultdict(list)
    for want in wanted:
        enrollment = there.get(want.user.pk) or Enrollment(user=want.user, course=course, status="")
        group = groups.get(want.group_id or 0)
        moves = want.group_id is not None and (
            enrollment.group_id != want.group_id or enrollment.status not in IN_GROUP
        )
        if moves and (group is None or not changes.has_place(group)):
            refused[want.user.pk] = str(_("This study group is full.") if group else _("There is no such study group."))
            continue
        try:
            if enrollment.status not in READING:
                changes.reason = want.reason[:500]
                # the group first: who comes back takes a place in the new one, not in the one of before
                enrollment.group = group if moves else enrollment.group
                changes.move(enrollment, Status.ACTIVE)
            elif moves:
                moving[want.group_id or 0].append(enrollment.pk)
        except EnrollmentError as error:
            refused[want.user.pk] = str(error)
            continue
        # `move` has counted those who come back
        if moves and group is not None and enrollment.pk not in changes.placed:
            changes.take_place(group)
    changes.write()
    # after `write`: `place` counts the members in the database
    for group_id, ids in moving.items():
        place(enrollment_ids=ids, course_id=course_id, group=groups[group_id], actor=actor)
    return refused


def seats_taken(course_id: int) -> int:
    """Count the taken seats from the enrolments themselves, without the lock."""
    return Enrollment.objects.filter(course_id=course_id, status__in=SEATED).count()


@transaction.atomic
def complete(*, enrollment: Enrollment) -> Enrollment:
    """Complete an active enrolment, for good, when all its lessons are done."""
    course, seats = locked_course(enrollment.course_id)
    enrollment = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if enrollment.status == Status.ACTIVE:
        changes = Changes(course, seats, by=By.SYSTEM, actor=None)
        # no `fill` after it: a completed student keeps the seat (decision 1)
        changes.move(enrollment, Status.COMPLETED)
        changes.write()
    return enrollment


@transaction.atomic
def fill_seats(*, course_id: int) -> int:
    """Move the queue up after seats have been added; returns how many were moved."""
    try:
        course, seats = locked_course(course_id)
    except EnrollmentError:  # deleted
        return 0
    changes = Changes(course, seats, by=By.SYSTEM, actor=None)
    count = changes.fill()
    changes.write()
    return count


def expire_ended() -> int:
    """Close the active enrolments of courses and study groups that have ended; returns how many.

    Safe to run at any time.
    """
    now = timezone.now()
    over = Q(course__ends_at__lte=now) | Q(group__ends_at__lte=now)
    ended = Enrollment.objects.filter(over, status=Status.ACTIVE)
    closed = 0
    # `order_by()`: the default order would become a column of DISTINCT, and each row would be another one
    for course_id in ended.order_by().values_list("course_id", flat=True).distinct():
        # in parts, so that other changes of a large course do not wait long for its lock
        while ids := list(
            ended.filter(course_id=course_id).order_by("pk").values_list("pk", flat=True)[:WRITE_BATCH_SIZE]
        ):
            with transaction.atomic():
                course, seats = locked_course(course_id)
                changes = Changes(course, seats, by=By.SYSTEM, actor=None)
                # `ended` again, under the lock: the end may have been moved. Only `self`: PostgreSQL cannot lock
                # the group, which comes by a LEFT JOIN.
                for enrollment in ended.select_for_update(of=("self",)).filter(pk__in=ids):
                    changes.move(enrollment, Status.EXPIRED)
                # where a group has ended and the course goes on, its seats are free for the queue
                changes.fill()
                changes.write()
            closed += sum(1 for enrollment in changes.moved if enrollment.status == Status.EXPIRED)
            if not changes.moved:
                break
    return closed

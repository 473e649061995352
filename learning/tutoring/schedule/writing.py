"""Writing lessons: the one place where a lesson gets its time, its students and its history."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.models import (
    Attendance,
    By,
    Homework,
    Lesson,
    LessonChange,
    PersonCalendar,
    PolicyVersion,
    Presence,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.lessons import TAKES_TIME
from learning.tutoring.schedule.busy import ClashError, busy_of, check_at_the_end, check_now, is_clash

BATCH = 500
LESSON_TIME = (
    *("starts_at", "ends_at", "rule_id", "rule_date", "slot", "rule_starts_at", "rule_minutes", "is_moved"),
    *("status", "cancelled_by", "cancelled_at", "reason", "sequence", "changed_at"),
)


def lock_people(project: Project, *more: int) -> None:
    """Lock the calendars of everyone in the project; before any lesson of it is written."""
    students = ProjectStudent.objects.filter(project=project).values_list("student_id", flat=True)
    coming = Lesson.objects.filter(project=project, ends_at__gt=timezone.now()).order_by()
    substitutes = coming.values_list("teacher_id", flat=True).distinct()
    PersonCalendar.objects.lock({project.teacher_id, *students, *substitutes, *more})


def new_lesson(project: Project, policy: PolicyVersion, starts_at: datetime, ends_at: datetime, **facts: Any) -> Lesson:
    """A lesson that is not stored yet, at the present price of the project and under this version of its policy."""
    return Lesson(
        project=project,
        teacher_id=project.teacher_id,
        starts_at=starts_at,
        ends_at=ends_at,
        price=project.price,
        currency=project.currency,
        policy=policy,
        **facts,
    )


def store_new(lessons: Sequence[Lesson], students: Sequence[ProjectStudent]) -> None:
    """Store new lessons, each with the students who take part on its day."""
    Lesson.objects.bulk_create(lessons, batch_size=BATCH)
    rows = [row for lesson in lessons for row in attendances_of(lesson, students)]
    Attendance.objects.bulk_create(rows, batch_size=BATCH)


def attendances_of(lesson: Lesson, students: Sequence[ProjectStudent]) -> list[Attendance]:
    """New rows for the students who take part on the day of the lesson, each student once."""
    day = lesson.local_date
    there = {
        one.student_id: one for one in students if one.joined_on <= day and (one.left_on is None or one.left_on > day)
    }
    return [
        Attendance(
            lesson=lesson,
            student_id=one.student_id,
            payer_id=one.pays_id,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            takes_time=lesson.status in TAKES_TIME,
        )
        for one in there.values()
    ]


def write_times(lessons: Sequence[Lesson]) -> None:
    """Store changed times and statuses of lessons, and what follows from them: attendance and homework due then."""
    if not lessons:
        return
    for lesson in lessons:
        lesson.raise_sequence()
    Lesson.objects.bulk_update(lessons, LESSON_TIME, batch_size=BATCH)
    by_id = {lesson.pk: lesson for lesson in lessons}
    rows = list(Attendance.objects.filter(lesson_id__in=by_id))
    for row in rows:
        lesson = by_id[row.lesson_id]
        row.starts_at, row.ends_at = lesson.starts_at, lesson.ends_at
        # who has called off their part of a group may have other plans by now
        row.takes_time = lesson.status in TAKES_TIME and row.presence != Presence.EXCUSED
    Attendance.objects.bulk_update(rows, ["starts_at", "ends_at", "takes_time"], batch_size=BATCH)
    move_homework(lessons)


def refresh_people(lessons: Sequence[Lesson], project: Project, students: Sequence[ProjectStudent]) -> None:
    """Give lessons that come back the teacher, students and payers that the project has now."""
    for lesson in lessons:
        lesson.teacher_id = project.teacher_id
    Lesson.objects.bulk_update(lessons, ["teacher"], batch_size=BATCH)
    Attendance.objects.filter(lesson__in=lessons).delete()
    rows = [row for lesson in lessons for row in attendances_of(lesson, students)]
    Attendance.objects.bulk_create(rows, batch_size=BATCH)


def store_moved(lessons: Sequence[Lesson]) -> None:
    """Store new times of planned lessons, which may be moved through one another's. Raises ClashError.

    Lock the calendars of their people before.
    """
    if not lessons:
        return
    people: dict[int, list[int]] = {lesson.pk: [lesson.teacher_id] for lesson in lessons}
    for lesson_id, student_id in Attendance.objects.filter(lesson__in=lessons).values_list("lesson_id", "student_id"):
        people[lesson_id].append(student_id)
    everyone = {person for there in people.values() for person in there}
    first, last = min(lesson.starts_at for lesson in lessons), max(lesson.ends_at for lesson in lessons)
    busy = busy_of(everyone, first, last, without=people.keys())
    for lesson in lessons:
        taken = busy.clashes(people[lesson.pk], lesson.starts_at, lesson.ends_at)
        if taken:
            ids = [one.lesson_id for _person, one in taken if one.lesson_id]
            raise ClashError(list(Lesson.objects.filter(pk__in=ids).select_related("project")), [])
        for person_id in people[lesson.pk]:
            busy.add(person_id, lesson.starts_at, lesson.ends_at, lesson.pk)
    refusing_clashes(lambda: write_times(lessons))


def refusing_clashes(write: Callable[[], None]) -> None:
    """Run `write`, in which lessons may pass through taken times; where two are at one time at its end, the database
    itself refuses, and ClashError is raised."""
    try:
        # a savepoint of its own: after an error PostgreSQL refuses everything else in the transaction
        with transaction.atomic():
            check_at_the_end()
            write()
            check_now()
    except IntegrityError as error:
        if is_clash(error):
            raise ClashError([], []) from error
        raise


def move_homework(lessons: Iterable[Lesson]) -> None:
    """Homework due at a lesson moves with it; where the lesson is cancelled, to the next one of the project."""
    by_id = {lesson.pk: lesson for lesson in lessons}
    due = list(Homework.objects.filter(due_lesson_id__in=by_id))
    for homework in due:
        lesson = by_id[homework.due_lesson_id or 0]
        if lesson.status == Status.CANCELLED:
            following = Lesson.objects.filter(
                project_id=lesson.project_id, status=Status.PLANNED, starts_at__gte=lesson.starts_at
            ).exclude(pk=lesson.pk)
            later = following.order_by("starts_at").first()
            # without a next lesson the instant stays, and so the homework stays due
            if later is not None:
                homework.due_lesson, homework.due_at = later, later.starts_at
        else:
            homework.due_at = lesson.starts_at
    Homework.objects.bulk_update(due, ["due_lesson", "due_at"], batch_size=BATCH)


def note_changes(rows: Iterable[LessonChange]) -> None:
    LessonChange.objects.bulk_create(list(rows), batch_size=BATCH)


def time_change(lesson: Lesson, before: datetime, actor: User | None, reason: str = "") -> LessonChange:
    return LessonChange(
        lesson=lesson,
        kind=LessonChange.Kind.TIME,
        before=before.isoformat(),
        after=lesson.starts_at.isoformat(),
        actor=actor,
        reason=reason,
    )


def status_change(lesson: Lesson, before: str, actor: User | None, reason: str = "") -> LessonChange:
    return LessonChange(
        lesson=lesson, kind=LessonChange.Kind.STATUS, before=before, after=lesson.status, actor=actor, reason=reason
    )


def set_time(lesson: Lesson, starts_at: datetime, minutes: int) -> None:
    lesson.starts_at, lesson.ends_at = starts_at, starts_at + timedelta(minutes=minutes)


def set_cancelled(lesson: Lesson, by: By, reason: str = "") -> None:
    lesson.status, lesson.cancelled_by, lesson.cancelled_at = Status.CANCELLED, by, timezone.now()
    lesson.reason = reason


def set_planned(lesson: Lesson) -> None:
    lesson.status, lesson.cancelled_by, lesson.cancelled_at, lesson.reason = Status.PLANNED, "", None, ""

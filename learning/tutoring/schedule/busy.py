"""Whose time is taken: clashes of lessons, and the next free times.

One teacher has one lesson at a time, and so has each student. Back to back is allowed.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _

from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Attendance, Lesson

LONGEST = timedelta(hours=10)  # of a lesson: what ends after a time has begun at most this long before it
FREE_SHOWN = 3
STEP = timedelta(minutes=30)  # between suggested times
LOOKED_AHEAD = timedelta(days=14)
CONSTRAINTS = ("tutoring_teacher_one_lesson", "tutoring_student_one_lesson")  # of migration 0002, on PostgreSQL


@dataclass(frozen=True, slots=True)
class Taken:
    """A piece of time of a person; `lesson_id` is None for a lesson that is only planned in a preview."""

    starts_at: datetime
    ends_at: datetime
    lesson_id: int | None


class Busy:
    """The taken time of some people, for many questions in memory."""

    def __init__(self) -> None:
        self._taken: dict[int, list[Taken]] = defaultdict(list)  # by person, in order of their start

    def add(self, person_id: int, starts_at: datetime, ends_at: datetime, lesson_id: int | None = None) -> None:
        rows = self._taken[person_id]
        rows.insert(bisect_left(rows, starts_at, key=lambda one: one.starts_at), Taken(starts_at, ends_at, lesson_id))

    def clashes(self, people: Iterable[int], starts_at: datetime, ends_at: datetime) -> list[tuple[int, Taken]]:
        """Return (person, what takes the time), of these people."""
        found = []
        for person_id in people:
            rows = self._taken.get(person_id, [])
            index = bisect_left(rows, starts_at - LONGEST, key=lambda one: one.starts_at)
            while index < len(rows) and rows[index].starts_at < ends_at:
                if rows[index].ends_at > starts_at:
                    found.append((person_id, rows[index]))
                index += 1
        return found

    def is_free(self, people: Iterable[int], starts_at: datetime, ends_at: datetime) -> bool:
        return not self.clashes(people, starts_at, ends_at)


def busy_of(
    people: Collection[int], first: datetime, last: datetime, *, without: Collection[int] = (), project_id: int = 0
) -> Busy:
    """Read the lessons of these people between two instants; two queries.

    Leaves out the lessons `without`, and all of the project `project_id`.
    """
    busy = Busy()
    for lessons, person, key in (
        (Lesson.objects.taking_time().filter(teacher_id__in=people), "teacher_id", "pk"),
        (Attendance.objects.taking_time().filter(student_id__in=people), "student_id", "lesson_id"),
    ):
        rows = lessons.filter(starts_at__lt=last, starts_at__gt=first - LONGEST, ends_at__gt=first).order_by()
        project = "project_id" if key == "pk" else "lesson__project_id"
        if project_id:
            rows = rows.exclude(**{project: project_id})
        for person_id, starts_at, ends_at, lesson_id in rows.values_list(person, "starts_at", "ends_at", key):
            if lesson_id not in without:
                busy.add(person_id, starts_at, ends_at, lesson_id)
    return busy


def free_times(
    people: Collection[int], starts_at: datetime, length: timedelta, without: Collection[int] = ()
) -> list[datetime]:
    """The next times, at whole half hours from the wished one on, at which all of these people are free."""
    busy = busy_of(people, starts_at, starts_at + LOOKED_AHEAD, without=without)
    return list(_free(busy, people, starts_at, length))


def _free(busy: Busy, people: Collection[int], starts_at: datetime, length: timedelta) -> Iterator[datetime]:
    found = 0
    at = starts_at + STEP
    while found < FREE_SHOWN and at < starts_at + LOOKED_AHEAD - LONGEST:
        if busy.is_free(people, at, at + length):
            found += 1
            yield at
            at += length
        else:
            at += STEP


class ClashError(TutoringError):
    """The time is taken: what takes it, and when all are free."""

    def __init__(self, lessons: list[Lesson], free: list[datetime], people: Collection[int] = ()) -> None:
        super().__init__("clash", _("There is another lesson at this time."))
        self.lessons, self.free, self.people = lessons, free, people


def check_free(
    people: Collection[int], starts_at: datetime, ends_at: datetime, *, without: Collection[int] = ()
) -> None:
    """Raise ClashError if one of these people has another lesson then. Lock their calendars before."""
    busy = busy_of(people, starts_at, ends_at, without=without)
    if taken := busy.clashes(people, starts_at, ends_at):
        ids = {one.lesson_id for _person, one in taken if one.lesson_id}
        lessons = list(Lesson.objects.filter(pk__in=ids).select_related("project").order_by("starts_at"))
        raise ClashError(lessons, free_times(people, starts_at, ends_at - starts_at, without), people)


def is_clash(error: IntegrityError) -> bool:
    """Whether the database itself refused two lessons at one time."""
    return any(name in str(error) for name in CONSTRAINTS)


def _set_constraints(mode: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET CONSTRAINTS {', '.join(CONSTRAINTS)} {mode}")


def check_at_the_end() -> None:
    """Let several lessons be moved in one transaction, through times that are taken on the way."""
    _set_constraints("DEFERRED")


def check_now() -> None:
    """Have the database check the moved lessons now, and each later one at once; raises IntegrityError."""
    _set_constraints("IMMEDIATE")

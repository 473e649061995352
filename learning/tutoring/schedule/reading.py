"""What a calendar reads: the lessons of a person with everyone in them, in two queries.

The rows of compiled queries become objects, shared where they are the same: the forty lessons of a teacher's week have
one teacher.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.tutoring.access import lessons_scheduled_for
from learning.tutoring.models import Attendance, Lesson, Project, Status
from learning.tutoring.models.lessons import By, earliest_start

MOST_LESSONS = 500  # of one view


class Part(NamedTuple):
    """A student of a lesson, as a calendar needs them."""

    student_id: int
    student: User
    payer_id: int
    presence: str


def _fields(model: type[Model], *names: str) -> tuple[str, ...]:
    """These fields in the order in which `from_db` reads them."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in names)


# what a calendar says: no plans, which are long
_LESSON = _fields(Lesson, "id", "project_id", "teacher_id", "starts_at", "ends_at", "status", "cancelled_by", "theme")
_PROJECT = _fields(Project, "id", "taught", "teacher_id")
_PERSON = _fields(User, "id", "display_name", "email", "anonymised_at")


def _lessons(*, as_teacher: bool) -> CompiledQuery:
    def build(user_id: int, begins: datetime, ends: datetime, earliest: datetime) -> Any:
        rows = lessons_scheduled_for(user_id, as_teacher=as_teacher).overlapping(begins, ends, earliest)
        rows = rows.exclude(status=Status.CANCELLED, cancelled_by=By.SCHEDULE).order_by("starts_at", "pk")
        facts = (*_LESSON, *(f"project__{name}" for name in _PROJECT), *(f"teacher__{name}" for name in _PERSON))
        return rows.values_list(*facts)[:MOST_LESSONS]

    return CompiledQuery(build)


_lessons_of_teacher, _lessons_of_student = _lessons(as_teacher=True), _lessons(as_teacher=False)
_students = CompiledQuery(
    lambda ids: (
        Attendance.objects.filter(lesson__id__among=ids)
        .order_by("pk")
        .values_list("lesson_id", "payer_id", "presence", *(f"student__{name}" for name in _PERSON))
    )
)


def start_lessons(
    user_id: int, begins: datetime, ends: datetime, *, as_teacher: bool
) -> Callable[[], list[tuple[Lesson, list[Part]]]]:
    """Ask for the lessons of an active person in this time, in an `in_one_trip`; the result has them with students."""
    query = _lessons_of_teacher if as_teacher else _lessons_of_student
    rows = query.start(user_id, begins, ends, earliest_start(begins))
    return lambda: _with_students(rows())


def _with_students(rows: list[tuple[Any, ...]]) -> list[tuple[Lesson, list[Part]]]:
    people: dict[int, User] = {}
    projects: dict[int, Project] = {}
    lessons: list[Lesson] = []
    after_project = len(_LESSON) + len(_PROJECT)
    for row in rows:
        lesson = Lesson.from_db(DEFAULT_DB_ALIAS, _LESSON, row[: len(_LESSON)])
        lesson.project = _shared(projects, Project, _PROJECT, row[len(_LESSON) : after_project])
        lesson.teacher = _shared(people, User, _PERSON, row[after_project:])
        lessons.append(lesson)
    parts: dict[int, list[Part]] = defaultdict(list)
    for lesson_id, payer_id, presence, *facts in _students.rows([lesson.pk for lesson in lessons]):
        student = _shared(people, User, _PERSON, facts)
        parts[lesson_id].append(Part(student.pk, student, payer_id, presence))
    return [(lesson, parts[lesson.pk]) for lesson in lessons]


def _shared(made: dict[int, Any], model: Any, fields: tuple[str, ...], values: Any) -> Any:
    """The object of these values; the primary key is the first."""
    found = made.get(values[0])
    if found is None:
        found = made[values[0]] = model.from_db(DEFAULT_DB_ALIAS, fields, values)
    return found

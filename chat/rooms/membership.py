"""Who is in which room. Only this module decides it; all other code asks here.

Members are derived from enrolments, teachers of study groups, the teams of courses and projects at every request, and
never copied. Only active accounts count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Now
from django.urls import reverse

from chat.models import Room, RoomQuerySet
from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.courses.models import CourseTeacher
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import READING
from learning.tutoring.models import Project, ProjectStudent

Rows = QuerySet[Any, Any]


class Part(IntEnum):
    """What a member of a room is there."""

    STUDENT = 1
    TEACHER = 2


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows that make a person a member: they lead to the person, and to a room or to the course of a room."""

    part: Part
    rows: Callable[[], Rows]
    person: str
    room: str = ""
    course: str = ""

    def active(self) -> Rows:
        return self.rows().order_by().filter(**{f"{self.person}__is_active": True})


def _readers() -> Rows:
    return Enrollment.objects.filter(status__in=READING)


def _group_teachers() -> Rows:
    return StudyGroup.teachers.through.objects.all()


def _groups_without_teacher() -> Rows:
    # only open accounts: where the last teacher's is closed, the team of the course takes over
    teachers = StudyGroup.teachers.through.objects.filter(studygroup_id=OuterRef("pk"), user__is_active=True)
    return StudyGroup.objects.filter(~Exists(teachers))


def _project_students() -> Rows:
    # `Now()`, not today's date: the SQL is compiled once. A draft is its teacher's alone.
    present = ProjectStudent.objects.filter(Q(left_on=None) | Q(left_on__gt=Now()))
    return present.exclude(project__state=Project.State.DRAFT)


def _project_teachers() -> Rows:
    # who has lost the right to teach has lost the rooms with it; rights come with roles
    roles = Group.permissions.through.objects.filter(
        permission__content_type__app_label="tutoring",
        permission__codename="teach_privately",
        group__user=OuterRef("teacher"),
    )
    return Project.objects.filter(Exists(roles) | Q(teacher__is_superuser=True))


_SOURCES = (
    _Source(Part.STUDENT, _readers, "user", room="group__room"),
    _Source(Part.STUDENT, _readers, "user", course="course"),
    _Source(Part.TEACHER, _group_teachers, "user", room="studygroup__room"),
    _Source(Part.TEACHER, _group_teachers, "user", course="studygroup__course"),
    _Source(Part.TEACHER, _groups_without_teacher, "course__team__person", room="room"),
    _Source(Part.TEACHER, CourseTeacher.objects.all, "person", course="course"),
    _Source(Part.STUDENT, _project_students, "student", room="project__room"),
    _Source(Part.TEACHER, _project_teachers, "teacher", room="room"),
)


def number(value: int) -> Any:
    """A number as a column of a query."""
    return Cast(Value(value), IntegerField())


def keyed_by(user_ids: list[int] | None) -> str:
    """The lookup for keys of rooms. For certain people, who are few, PostgreSQL plans better with each key as a
    parameter of its own; for everyone in all rooms of a process one list makes a much shorter query."""
    return "pk__in" if user_ids is not None else "pk__among"


def member_rows(room_ids: list[int], user_ids: list[int] | None = None) -> list[Rows]:
    """Querysets of (part, room, person) in these rooms, of these people or of everyone; for one union of them all."""
    keyed = keyed_by(user_ids)
    courses = Room.objects.order_by().filter(**{keyed: room_ids}, course__isnull=False).values("course_id")
    found = []
    for source in _SOURCES:
        rows = source.active()
        if user_ids is not None:
            rows = rows.filter(**{f"{source.person}__in": user_ids})
        room: Any = source.room
        if room:
            rows = rows.filter(**{f"{room}__{keyed}": room_ids})
        else:
            rows = rows.filter(**{f"{source.course}_id__in": courses})
            room = Subquery(Room.objects.filter(course_id=OuterRef(f"{source.course}_id")).values("pk")[:1])
        found.append(rows.values_list(number(source.part), room, source.person))
    return found


def rooms_of(user: User) -> RoomQuerySet:
    """The rooms that this person is a member of."""
    return rooms_of_id(user.pk)


def rooms_of_id(user_id: int) -> RoomQuerySet:
    """The rooms that the active person with this id is a member of."""
    return _rooms_with(user_id).of_existing_courses()


def _rooms_with(user_id: int) -> RoomQuerySet:
    """As `rooms_of_id`, also of deleted courses. Whether the account is active is asked once, not for each source."""
    wanted = Q()
    for source in _SOURCES:
        # subqueries, not joins: someone with two parts in a room must not get it twice
        rows = source.rows().order_by().filter(**{source.person: user_id})
        if source.room:
            wanted |= Q(pk__in=rows.values(source.room))
        else:
            wanted |= Q(course_id__in=rows.values(f"{source.course}_id"))
    return Room.objects.filter(wanted, Exists(User.objects.filter(pk=user_id, is_active=True)))


class RoomLink(NamedTuple):
    """What other pages need for a link to a room; `group` is empty for the room of a whole course."""

    pk: int
    group: str | None

    def get_absolute_url(self) -> str:
        return reverse("chat_room", args=(self.pk,))


MOST_LINKS = 4  # rooms of one course
_link_rows = CompiledQuery(
    lambda user_id, course_id: (
        # not `rooms_of_id`: the page of the course asks, so the course exists
        _rooms_with(user_id)
        .in_course(course_id)
        .order_by("group__name", "pk")
        .values_list("pk", "group__name")[:MOST_LINKS]
    )
)


def links_in_course(user: User, course_id: int) -> list[RoomLink]:
    """The rooms of a course that this person is a member of; one query, which every course page asks."""
    return [RoomLink(*row) for row in _link_rows.rows(user.pk, course_id)]


def people_of(room: Room, part: Part) -> QuerySet[User]:
    """The students or the teachers of a room."""
    wanted = Q()
    for source in _SOURCES:
        if source.part != part:
            continue
        if source.room:
            wanted |= Q(pk__in=source.active().filter(**{source.room: room.pk}).values(source.person))
        elif room.course_id:
            of_course = source.active().filter(**{f"{source.course}_id": room.course_id})
            wanted |= Q(pk__in=of_course.values(source.person))
    return User.objects.filter(wanted, is_active=True)

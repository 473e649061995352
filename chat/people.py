"""The people of a room, by name."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.models import Mute, Room
from learning.accounts.models import User
from learning.enrollment.models import Enrollment
from learning.enrollment.statuses import READING

MOST_OFFERED = 8
MOST_LISTED = 200


def teachers_of(room: Room) -> QuerySet[User]:
    """Those who teach here: the group's teachers, or the course's team where it has none."""
    if room.group:
        own = room.group.teachers.filter(is_active=True)
        if own.exists():
            return own.all()
        return User.objects.filter(teaches__course=room.group.course_id, is_active=True).distinct()
    return User.objects.filter(
        Q(teaches__course=room.course_id) | Q(taught_groups__course=room.course_id), is_active=True
    ).distinct()


def students_of(room: Room) -> QuerySet[User]:
    rows = Enrollment.objects.filter(status__in=READING)
    rows = rows.filter(group=room.group_id) if room.group_id else rows.filter(course_id=room.course_id)
    return User.objects.filter(pk__in=rows.values("user_id"), is_active=True)


def people_of(room: Room, beginning: str = "") -> list[dict[str, Any]]:
    """Who is in a room, teachers first; with `beginning`, those of whose names a word begins so."""
    beginning = beginning.replace("\x00", "").strip()
    teachers = {person.pk: person for person in teachers_of(room)[:MOST_LISTED]}
    students = students_of(room).exclude(pk__in=teachers)
    if beginning:
        # the case of letters beyond ASCII is nothing that SQLite folds: a few spellings are looked for
        spellings = {beginning, beginning.lower(), beginning.capitalize(), beginning.title()}
        wanted = Q()
        for spelling in spellings:
            wanted |= Q(display_name__startswith=spelling) | Q(display_name__contains=f" {spelling}")
        students = students.filter(wanted)
        folded = beginning.casefold()
        teachers = {
            pk: person for pk, person in teachers.items()
            if any(word.casefold().startswith(folded) for word in [person.display_name, *person.display_name.split()])
        }  # fmt: skip
    most = MOST_OFFERED if beginning else MOST_LISTED
    found = [{"id": pk, "name": person.get_full_name(), "teaches": True} for pk, person in teachers.items()]
    named = students.order_by("display_name", "pk")[:most]
    found += [{"id": person.pk, "name": person.get_full_name(), "teaches": False} for person in named]
    return found[:most]


def ids_of(room: Room) -> list[int]:
    return [*teachers_of(room).values_list("pk", flat=True), *students_of(room).values_list("pk", flat=True)]


def mutes_of(room: Room) -> dict[int, Mute]:
    """Who may not write in a room just now, by person."""
    rows = Mute.objects.filter(room=room, lifted_at=None, until__gt=timezone.now())
    return {row.person_id: row for row in rows}

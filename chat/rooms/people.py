"""The people of a room, by name."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from chat.models import Mute, Room
from chat.rooms.membership import Part, people_of

MOST_OFFERED = 8
MOST_LISTED = 200


def listed_people(room: Room, beginning: str = "") -> list[dict[str, Any]]:
    """Who is in a room, teachers first; with `beginning`, those of whose names a word begins so."""
    beginning = beginning.replace("\x00", "").strip()
    teachers = {person.pk: person for person in people_of(room, Part.TEACHER)[:MOST_LISTED]}
    students = people_of(room, Part.STUDENT).exclude(pk__in=teachers)
    if beginning:
        # SQLite ignores the case of ASCII letters only, so a few spellings are searched
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
    """Everyone in a room, teachers first."""
    return [pk for part in (Part.TEACHER, Part.STUDENT) for pk in people_of(room, part).values_list("pk", flat=True)]


def mutes_of(room: Room) -> dict[int, Mute]:
    """Who may not write in a room just now, by person."""
    rows = Mute.objects.filter(room=room, lifted_at=None, until__gt=timezone.now())
    return {row.person_id: row for row in rows}

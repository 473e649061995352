"""A person's rooms: the list of them, what is unread there, and the person's rights in a room."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from chat.models import OWN_NAME, Room, room_name
from chat.rooms.access import RoomStanding, standings
from chat.rooms.frames import not_found, stamp
from chat.rooms.membership import rooms_of_id
from chat.rooms.posting import current_mute
from learning.accounts.models import User
from learning.base.compiled import CompiledQuery

MOST_WATCHED = 200  # rooms of one person whose news are told on every page


@dataclass(frozen=True, slots=True)
class RoomMembership:
    """A person in a room, with the facts that a client gets when it subscribes."""

    room: Room
    standing: RoomStanding
    facts: dict[str, Any]

    @property
    def moderates(self) -> bool:
        return self.standing.moderates


_SEAT = ("pk", "group_id", "course_id", "last_seq", "last_position", OWN_NAME, "course__title", "read_seq")
_seat_rows = CompiledQuery(
    lambda room_id, user_id: (
        Room.objects.order_by().with_unread(user_id).filter(pk=room_id).values_list(*_SEAT, "silenced")
    )
)


def membership_in(user_id: int, room_id: int, language: str = settings.LANGUAGE_CODE) -> RoomMembership:
    """The place of this person in this room, in two queries; raises ChatError where they have none."""
    standing = standings([(user_id, room_id)])[user_id, room_id]
    # for others no second query, whether the room exists or not: the time must not tell it (promise 5)
    rows = _seat_rows.rows(room_id, user_id) if standing.is_member else []
    if not rows:
        raise not_found()
    pk, group_id, course_id, last_seq, last_position, group_name, course_title, read_seq, silenced = rows[0]
    room = Room(pk=pk, group_id=group_id, course_id=course_id, last_seq=last_seq, last_position=last_position)
    muted = current_mute(room_id, user_id) if standing.is_muted else None
    # threads of the pool have no language of their own, and “Deleted course” is translated
    with translation.override(language):
        facts = {
            "room": pk,
            "name": room_name(group_name, course_title),
            "position": last_position,
            "seq": last_seq,
            "read": read_seq,
            "silenced": bool(silenced),
            "read_only": standing.is_over,
            "moderates": standing.moderates,
            "muted": {"until": stamp(muted.until), "reason": muted.reason} if muted else None,
        }
    return RoomMembership(room, standing, facts)


def watched_rooms_of(user_id: int) -> list[dict[str, Any]]:
    """The rooms that someone is a member of, with what they have not read; one query beside the person's."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return unread_of(user) if user else []


_UNREAD = ("pk", "last_position", "last_seq", "unread", "mentioned", "silenced", OWN_NAME, "course__title")
_unread_rows = CompiledQuery(
    lambda user_id: (
        rooms_of_id(user_id).with_unread(user_id).order_by("-spoken_at", "pk").values_list(*_UNREAD)[:MOST_WATCHED]
    )
)


class UnreadRoom(NamedTuple):
    """A room in which someone has not read everything: `unread` messages, `mentioned` of which call them."""

    pk: int
    name: str
    unread: int
    mentioned: int

    def get_absolute_url(self) -> str:
        return reverse("chat_room", args=(self.pk,))


def unread_of(user: User) -> list[dict[str, Any]]:
    """What is new in each of a person's rooms; one query."""
    found = ("id", "position", "seq", "unread", "mentions", "silenced")
    return [dict(zip(found, row[:6], strict=True)) for row in _unread_rows.rows(user.pk)]


def unread_rooms_of(user: User, most: int) -> list[UnreadRoom]:
    """The rooms in which a person has not read everything, latest first, without those they have muted; one query."""
    # filtered here and not in SQL, so that this is the query which `unread_of` has compiled already
    found = [
        UnreadRoom(pk, room_name(group_name, course_title), unread, mentioned)
        for pk, _position, _seq, unread, mentioned, silenced, group_name, course_title in _unread_rows.rows(user.pk)
        if unread > 0 and not silenced
    ]
    return found[:most]


def unread_total(user: User) -> int:
    """How many messages a person has not read: in a quiet room only those that call them. One query."""
    return sum(room["mentions"] if room["silenced"] else max(0, room["unread"]) for room in unread_of(user))

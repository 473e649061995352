"""Who may be in a room, and as what. Asked at every request and action, and every second for open sockets."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from chat.membership import Part, member_rows, number
from chat.models import Mute, Room
from learning.accounts.models import User
from learning.courses.compiled import CompiledQuery
from learning.enrollment.policies import Person

_MODERATOR, _MUTED, _OVER, _PLACE, _GONE = 11, 12, 13, 14, 15  # beside the parts of members
MOST_ROOMS = 1000  # in one question: databases limit its parameters
Pair = tuple[int, int]  # a person, a room


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person is in a room at this moment."""

    user_id: int
    room_id: int
    is_member: bool = False  # may read
    moderates: bool = False  # its teacher, or of a role that moderates every chat
    is_muted: bool = False
    is_over: bool = False  # what the room belongs to has ended: it is only read


def _rows(room_ids: list[int], user_ids: list[int] | None = None) -> QuerySet[Any, Any]:
    """(what, room, person) for all that these people are in these rooms, in one query.

    Where someone moderates every chat the room is 0. Without people, it is for everyone in these rooms, and the
    last position of each room comes along in the place of a person: a process with a thousand people in twenty rooms
    names the rooms, which is much the shorter question.
    """
    rooms = Room.objects.order_by().filter(pk__in=room_ids)
    moderating = Q(is_superuser=True) | Q(
        groups__permissions__codename="moderate_rooms", groups__permissions__content_type__app_label="chat"
    )
    moderators = User.objects.order_by().filter(moderating, is_active=True)
    mutes = Mute.objects.filter(room__in=room_ids, lifted_at=None, until__gt=Now(), person__is_active=True)
    if user_ids is not None:
        moderators, mutes = moderators.filter(pk__in=user_ids), mutes.filter(person__in=user_ids)
    over = Q(group__ends_at__lte=Now()) | Q(course__ends_at__lte=Now())
    arms: list[QuerySet[Any, Any]] = [
        *member_rows(room_ids, user_ids),
        moderators.values_list(number(_MODERATOR), number(0), "pk"),
        mutes.values_list(number(_MUTED), "room_id", "person_id"),
        rooms.filter(over).values_list(number(_OVER), "pk", number(0)),
        rooms.of_deleted_courses().values_list(number(_GONE), "pk", number(0)),
    ]
    if user_ids is None:
        arms.append(rooms.values_list(number(_PLACE), "pk", F("last_position")))
    return arms[0].union(*arms[1:], all=True)


_of_people = CompiledQuery(_rows)
_of_everyone = CompiledQuery(_rows)


def filled(ids: Iterable[Any]) -> list[Any]:
    """The keys, each once, filled up to a power of two, so that the database meets few shapes of a query."""
    found = sorted(set(ids))
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found)) if found else []


def _standings(
    pairs: Sequence[Pair], rows: Iterable[tuple[Any, ...]], rooms_there: Container[int] | None = None
) -> dict[Pair, Standing]:
    found: dict[int, set[Pair]] = defaultdict(set)
    for what, room_id, user_id in rows:
        found[what].add((user_id, room_id))
    standings = {}
    for user_id, room_id in pairs:
        pair = (user_id, room_id)
        everywhere = (user_id, 0) in found[_MODERATOR] and (rooms_there is None or room_id in rooms_there)
        is_gone = (0, room_id) in found[_GONE]
        moderates = everywhere or (pair in found[Part.TEACHER] and not is_gone)
        standings[pair] = Standing(
            user_id,
            room_id,
            is_member=moderates or (pair in found[Part.STUDENT] and not is_gone),
            moderates=moderates,
            is_muted=pair in found[_MUTED] and not moderates,
            is_over=is_gone or (0, room_id) in found[_OVER],
        )
    return standings


def standings(pairs: Iterable[Pair]) -> dict[Pair, Standing]:
    """What each of these people is in their room; one query. Whether the room exists is for the caller to see."""
    pairs = list(pairs)
    rows = _of_people.rows(filled(room for _user, room in pairs), filled(user for user, _room in pairs))
    return _standings(pairs, rows)


def standings_and_places(pairs: Iterable[Pair], room_ids: Iterable[int]) -> tuple[dict[Pair, Standing], dict[int, int]]:
    """The same, with the last position of each of these rooms; one query for up to a thousand
    rooms. For the tick of open sockets."""
    pairs = list(pairs)
    wanted = {*room_ids, *(room for _user, room in pairs)}
    if not wanted:
        return {}, {}
    ordered = sorted(wanted)
    slices = [ordered[start : start + MOST_ROOMS] for start in range(0, len(ordered), MOST_ROOMS)]
    rows = [row for rooms in slices for row in _of_everyone.rows(filled(rooms))]
    places = {room_id: position for what, room_id, position in rows if what == _PLACE}
    return _standings(pairs, rows, places), places


def standing_in(user: Person, room: Room) -> Standing:
    """What this person is in this room."""
    if not user.is_authenticated or not user.is_active:
        return Standing(0, room.pk)
    return standings([(user.pk, room.pk)])[user.pk, room.pk]


def entered_room(user: Person, room_id: int) -> tuple[Room, Standing] | None:
    """The room, with what they have not read, and what this person is in it; two queries.

    Nothing where they may not be, or there is no such room.
    """
    return entered_room_as(user.pk, room_id) if user.is_authenticated and user.is_active else None


def entered_room_as(user_id: int, room_id: int) -> tuple[Room, Standing] | None:
    """The same for someone of whom only the key is at hand."""
    standing = standings([(user_id, room_id)])[user_id, room_id]
    room = Room.objects.named().with_unread(user_id).filter(pk=room_id).first() if standing.is_member else None
    return (room, standing) if room is not None else None


def moderates_everything(user: Person) -> bool:
    return user.is_authenticated and user.is_active and user.has_perm("chat.moderate_rooms")

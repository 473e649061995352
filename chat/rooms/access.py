"""Who may be in a room, and as what. Asked at every request and action, and every second for open sockets."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from chat.models import Mute, Room
from chat.rooms.membership import Part, keyed_by, member_rows, number
from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.enrollment.rights import Person
from learning.tutoring.models import Project

_MODERATOR, _MUTED, _OVER, _POSITION, _OF_DELETED_COURSE = 11, 12, 13, 14, 15  # beside the parts of members
MAX_ROOMS = 1000  # in one question: databases limit its parameters
Pair = tuple[int, int]  # a person, a room


@dataclass(frozen=True, slots=True)
class RoomStanding:
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
    names the rooms, which makes a much shorter query.
    """
    keyed = keyed_by(user_ids)
    rooms = Room.objects.order_by().filter(**{keyed: room_ids})
    # permissions come from roles, which are groups; one given to a single user does not count here
    moderating = Q(is_superuser=True) | Q(
        groups__permissions__codename="moderate_rooms", groups__permissions__content_type__app_label="chat"
    )
    moderators = User.objects.order_by().filter(moderating, is_active=True)
    # `Now()`, not `timezone.now()`: the SQL is compiled once, and would keep the time of its first use
    mutes = Mute.objects.filter(**{f"room__{keyed}": room_ids}, lifted_at=None, until__gt=Now(), person__is_active=True)
    if user_ids is not None:
        moderators, mutes = moderators.filter(pk__in=user_ids), mutes.filter(person__in=user_ids)
    over = Q(group__ends_at__lte=Now()) | Q(course__ends_at__lte=Now()) | Q(project__state=Project.State.ENDED)
    arms: list[QuerySet[Any, Any]] = [
        *member_rows(room_ids, user_ids),
        moderators.values_list(number(_MODERATOR), number(0), "pk"),
        mutes.values_list(number(_MUTED), "room_id", "person_id"),
        rooms.filter(over).values_list(number(_OVER), "pk", number(0)),
        rooms.of_deleted_courses().values_list(number(_OF_DELETED_COURSE), "pk", number(0)),
    ]
    if user_ids is None:
        arms.append(rooms.values_list(number(_POSITION), "pk", F("last_position")))
    return arms[0].union(*arms[1:], all=True)


_of_people = CompiledQuery(_rows)
_of_everyone = CompiledQuery(_rows)


def padded_keys(ids: Iterable[Any]) -> list[Any]:
    """Return the keys without duplicates, padded to a power of two, so that few shapes of a query are compiled."""
    found = sorted(set(ids))
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found)) if found else []


class Standings:
    """The rights of people in rooms, built from rows of the database; looked up by (person, room)."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        found: dict[int, set[Pair]] = defaultdict(set)
        self.positions: dict[int, int] = {}  # the last position of each room, where rows for everyone were read
        for what, room_id, user_id in rows:
            if what == _POSITION:
                self.positions[room_id] = user_id
            else:
                found[what].add((user_id, room_id))
        self._students, self._teachers, self._muted = found[Part.STUDENT], found[Part.TEACHER], found[_MUTED]
        self._moderators = {user_id for user_id, _room in found[_MODERATOR]}
        self._over = {room_id for _user, room_id in found[_OVER]}
        self._of_deleted_course = {room_id for _user, room_id in found[_OF_DELETED_COURSE]}

    def moderates(self, pair: Pair) -> bool:
        user_id, room_id = pair
        # a deleted course closes its rooms to its people; who moderates every chat still reads them (decision 18)
        return user_id in self._moderators or (pair in self._teachers and room_id not in self._of_deleted_course)

    def is_member(self, pair: Pair) -> bool:
        return self.moderates(pair) or (pair in self._students and pair[1] not in self._of_deleted_course)

    def of(self, pair: Pair) -> RoomStanding:
        user_id, room_id = pair
        moderates = self.moderates(pair)
        return RoomStanding(
            user_id,
            room_id,
            is_member=self.is_member(pair),
            moderates=moderates,
            is_muted=pair in self._muted and not moderates,
            is_over=room_id in self._of_deleted_course or room_id in self._over,
        )


class StandingsInRooms(Standings):
    """The same for everyone in certain rooms; nobody has a right in a room that does not exist."""

    def moderates(self, pair: Pair) -> bool:
        # moderators of every chat stand in the rows with room 0, so a deleted room would count as theirs
        return pair[1] in self.positions and super().moderates(pair)

    def outside(self, pairs: set[Pair]) -> set[Pair]:
        """Those of these people who are not members of their room."""
        # Set operations, and no object for each pair: this runs every second for all sockets of a process.
        # Most people are students and need no look of their own, unless the course is deleted.
        unsure = {pair for pair in pairs if pair[1] in self._of_deleted_course} if self._of_deleted_course else set()
        return {pair for pair in (pairs - self._students) | unsure if not self.is_member(pair)}

    def moderating(self, pairs: set[Pair]) -> set[Pair]:
        """Those of these people who moderate their room."""
        wanted = pairs & self._teachers
        if self._moderators:
            wanted |= {pair for pair in pairs if pair[0] in self._moderators}
        return {pair for pair in wanted if self.moderates(pair)}

    def silent(self, pairs: set[Pair]) -> set[Pair]:
        """Those of these people who may not write in their room: muted, or the room is only read."""
        muted = {pair for pair in pairs & self._muted if not self.moderates(pair)}
        closed = self._over | self._of_deleted_course
        return muted | {pair for pair in pairs if pair[1] in closed} if closed else muted


def standings(pairs: Iterable[Pair]) -> dict[Pair, RoomStanding]:
    """What each of these people is in their room; one query. Whether the room exists is for the caller to see."""
    return start_standings(pairs)()


def start_standings(pairs: Iterable[Pair]) -> Callable[[], dict[Pair, RoomStanding]]:
    """Send the same query; return a function that gives its result (see `learning.base.compiled.in_one_trip`)."""
    pairs = list(pairs)
    rows = _of_people.start(padded_keys(room for _user, room in pairs), padded_keys(user for user, _room in pairs))

    def answer() -> dict[Pair, RoomStanding]:
        found = Standings(rows())
        return {pair: found.of(pair) for pair in pairs}

    return answer


def standings_and_positions(pairs: Iterable[Pair], room_ids: Iterable[int]) -> tuple[StandingsInRooms, dict[int, int]]:
    """The same, with the last position of each of these rooms; one query for up to a thousand rooms.

    For the check of open sockets.
    """
    ordered = sorted({*room_ids, *(room for _user, room in pairs)})
    slices = [ordered[start : start + MAX_ROOMS] for start in range(0, len(ordered), MAX_ROOMS)]
    found = StandingsInRooms(row for rooms in slices for row in _of_everyone.rows(padded_keys(rooms)))
    return found, found.positions


def standing_in(user: Person, room: Room) -> RoomStanding:
    """What this person is in this room."""
    if not user.is_authenticated or not user.is_active:
        return RoomStanding(0, room.pk)
    return standings([(user.pk, room.pk)])[user.pk, room.pk]


def entered_room(user: Person, room_id: int) -> tuple[Room, RoomStanding] | None:
    """The room, with what they have not read, and what this person is in it; two queries.

    Nothing where they may not be, or there is no such room.
    """
    if not user.is_authenticated or not user.is_active:
        return None
    standing = standings([(user.pk, room_id)])[user.pk, room_id]
    room = Room.objects.named().with_unread(user.pk).filter(pk=room_id).first() if standing.is_member else None
    return (room, standing) if room is not None else None


def moderates_everything(user: Person) -> bool:
    return user.is_authenticated and user.is_active and user.has_perm("chat.moderate_rooms")

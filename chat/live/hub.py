"""The sockets of one process: who is here, and which rooms they follow."""

import asyncio
import gc
import logging
from collections import Counter
from collections.abc import Iterable
from functools import partial
from time import monotonic

from cachetools import LRUCache, TTLCache
from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_lazy as _

from chat.live.admission import Admission
from chat.live.connection import CLOSING, RESTARTS, TOO_MUCH, Connection
from chat.live.room_feed import RoomFeed
from chat.live.runtime import Runtime
from chat.live.shutdown import before_daphne_ends
from chat.live.tick import RoomsCheck
from chat.live.writer import Writer, unavailable
from chat.models import Room
from chat.rooms.frames import ChatError, as_text
from chat.rooms.publisher import Event, Publisher, set_publisher
from chat.rooms.seats import RoomMembership

MAX_IN_ROOM = 500  # sockets of one person in one room of one process
SHUT_OUT = 15.0  # seconds in which a session that flooded is not let in
MAX_REMEMBERED = 10_000  # people and sessions
OPENING = 3  # tokens that a new socket takes

log = logging.getLogger("parta.chat")


class Hub:
    def __init__(self) -> None:
        self.runtime = Runtime()
        self.loop = self.runtime.loop
        self.connections: set[Connection] = set()
        self.feeds: dict[int, RoomFeed] = {}
        self.writer = Writer(partial(self.runtime.in_database, pool=self.runtime.writer_pool))
        self.publisher = Publisher(self.loop, self._on_event)
        self._sockets: Counter[int] = Counter()  # by person
        self._turns: dict[int, asyncio.Lock] = {}  # of people who catch up: each one step at a time
        # limited, because entries stay after people leave; who is dropped starts with full buckets
        self._admissions: LRUCache[int, Admission] = LRUCache(MAX_REMEMBERED)
        self._shut_out: TTLCache[str, bool] = TTLCache(MAX_REMEMBERED, SHUT_OUT)
        check = RoomsCheck(self.runtime, self.publisher, self.connections, self.feeds, self)
        self._checking = self.loop.create_task(check.run())
        set_publisher(self.publisher)
        before_daphne_ends(self.close_all)

    # --- coming and going -------------------------------------------------------------------

    def is_shut_out(self, session_key: str) -> bool:
        return session_key in self._shut_out

    def sockets_of(self, user_id: int) -> int:
        """How many sockets this person has here."""
        return self._sockets[user_id]

    def admission_of(self, user_id: int) -> Admission:
        """What counts all that this person sends here; kept when they go, so that going refills nothing."""
        if user_id not in self._admissions:
            self._admissions[user_id] = Admission()
        return self._admissions[user_id]

    def opens_too_many(self, user_id: int, session_key: str) -> bool:
        """Whether this person opens sockets faster than anyone needs to, which shuts their session out for a while."""
        admission, now = self.admission_of(user_id), monotonic()
        admission.arrived(0, now, OPENING)
        if admission.is_flood(now):
            self._shut_out[session_key] = True
        return session_key in self._shut_out

    def enter(self, connection: Connection) -> None:
        self.connections.add(connection)
        self._sockets[connection.user_id] += 1

    def leave(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._sockets[connection.user_id] -= 1
        if not self._sockets[connection.user_id]:
            del self._sockets[connection.user_id]
            self._turns.pop(connection.user_id, None)
        for room_id in list(connection.rooms | connection.watched):
            self.forget(connection, room_id)

    async def close_flooder(self, connection: Connection) -> None:
        """Close all sockets of a session that floods us, and let it in again only after a while."""
        self._shut_out[connection.session_key] = True
        # the others too: one that waits for its consumer is read no further, and would never be found out by itself
        for own in [one for one in self.connections if one.session_key == connection.session_key]:
            await own.close(TOO_MUCH)

    async def close_all(self) -> None:
        """Close all sockets because the process shuts down; clients reconnect elsewhere."""
        for connection in list(self.connections):
            await connection.close(RESTARTS)
        patience = monotonic() + CLOSING
        while self.connections and monotonic() < patience:
            await asyncio.sleep(0.02)

    # --- rooms ------------------------------------------------------------------------------

    def feed(self, room_id: int, position: int) -> RoomFeed:
        """The feed of a room, which begins at this position when it is new."""
        if room_id not in self.feeds:
            self.feeds[room_id] = RoomFeed(room_id, position, self.runtime, self.publisher)
            # not awaited: until the layer has joined, the check of each second finds new messages
            self.runtime.start(self.publisher.join(room_id))
        return self.feeds[room_id]

    def position_of(self, room_id: int) -> int:
        return self.feeds[room_id].position if room_id in self.feeds else 0

    def subscribe(self, connection: Connection, seat: RoomMembership, after: int | None) -> None:
        """Send the connection what it has missed since `after`, then all that comes; it says other things meanwhile."""
        room = seat.room
        feed = self.feed(room.pk, room.last_position)
        # the next check sets it for everyone; until then this person would miss the read markers of others
        if seat.moderates:
            feed.moderators.add(connection.user_id)
        if sum(other.user_id == connection.user_id for other in feed.listeners) >= MAX_IN_ROOM:
            raise ChatError("rate_limited", _("You have too many windows of this room open."), 5.0)
        connection.stop_catching_up(room.pk)
        feed.listeners.pop(connection, None)  # until it has caught up: nothing new comes between what is old
        connection.rooms.add(room.pk)  # so that the check of each second can remove it
        task = self.loop.create_task(self._catch_up(feed, connection, room, after))
        connection.catching_up[room.pk] = task
        feed.joining.add(task)
        task.add_done_callback(feed.joining.discard)

    async def _catch_up(self, feed: RoomFeed, connection: Connection, room: Room, after: int | None) -> None:
        # otherwise someone with many tabs would take all threads of the pool
        turn = self._turns.setdefault(connection.user_id, asyncio.Lock())
        try:
            await feed.catch_up(connection, after, room.last_position, turn)
        except (DatabaseError, InterfaceError, Room.DoesNotExist):
            await connection.refuse(unavailable(), room=room.pk)
        except Exception:
            log.exception("Somebody could not catch up in room %s.", room.pk)
            await connection.refuse(unavailable(), room=room.pk)

    def watch(self, connection: Connection, places: Iterable[tuple[int, int]]) -> None:
        """Tell the connection that there is something new in these rooms, not what; each with its last position."""
        for room_id, position in places:
            self.feed(room_id, position).watchers.add(connection)
            connection.watched.add(room_id)

    def forget(self, connection: Connection, room_id: int) -> None:
        """Stop sending events of the room to this connection."""
        connection.stop_catching_up(room_id)
        connection.rooms.discard(room_id)
        connection.watched.discard(room_id)
        feed = self.feeds.get(room_id)
        if feed is None:
            return
        was_here = feed.listeners.pop(connection, None) is not None
        feed.watchers.discard(connection)
        if was_here:
            feed.announce_people_soon()

    async def remove_person(self, connection: Connection, room_id: int) -> None:
        """Remove the person's connections from a room that they may no longer be in."""
        self.forget(connection, room_id)
        await connection.send(as_text({"type": "removed", "room": room_id}))

    def _on_event(self, room_id: int, event: Event) -> None:
        feed = self.feeds.get(room_id)
        if feed is not None:
            feed.receive(event)


_hub: Hub | None = None


def get_hub() -> Hub:
    """Return the hub of this process, created with its first socket."""
    global _hub  # noqa: PLW0603
    if _hub is None or _hub.loop.is_closed():
        gc.freeze()  # what is loaded stays; looking through it over and over took a third of an idle process
        gc.set_threshold(10_000, 20, 20)
        _hub = Hub()
    return _hub

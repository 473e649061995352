"""The sockets of one process: who hears which room, and what each has heard already.

A process subscribes once to a room and hands one serialised frame to all its sockets there. What the channel layer
brings is only a hint: frames are passed on in the order of their positions, what is missing between two is read
from the database, and once a second the hub looks there for what nobody told it, and for people who may no longer hear.
"""

import asyncio
import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from cachetools import TTLCache
from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_lazy as _

from chat import bell, history
from chat.connection import FAREWELL, RESTARTS, SESSION_ENDED, Connection
from chat.farewell import before_daphne_ends
from chat.fast_lane import Frame
from chat.frames import ChatError, as_text
from chat.looking import Looked, with_connection
from chat.models import Room
from chat.presence import Presence
from chat.wire import Wire
from chat.writer import Writer, unavailable

T = TypeVar("T")
TICK = 1.0  # seconds
SURE_FOR = 2.0  # seconds after a look at who may be here; then nothing is passed on without another
THREADS = 4
CATCHING_UP_AT_ONCE = 2
MOST_IN_ROOM = 500  # sockets of one person in one room of one process
SHUT_OUT_FOR = 15.0  # seconds
FAN = 50  # sockets that are told before others get their turn

log = logging.getLogger("parta.chat")


class Ear:
    """One room, as this process hears it."""

    __slots__ = ("coming", "early", "heard", "listeners", "presence", "reading", "room_id", "turn", "watchers")

    def __init__(self, room_id: int, heard: int, presence: Presence) -> None:
        self.room_id = room_id
        self.heard = heard  # the last position that has been passed on
        self.listeners: dict[Connection, int] = {}  # with the last position that each has got
        self.watchers: set[Connection] = set()  # of pages elsewhere, who only count
        self.coming = 0  # how many are catching up, and will listen
        self.early: dict[int, str] = {}  # frames that came before their turn
        self.turn = asyncio.Lock()
        self.reading = False
        self.presence = presence

    def one_has_come(self) -> None:
        self.coming -= 1


class Hub:
    def __init__(self) -> None:
        self.key = uuid.uuid4().hex
        self.connections: set[Connection] = set()
        self.people: Counter[int] = Counter()
        # sessions that have flooded us: for a while they need not knock
        self.shut_out: TTLCache[str, bool] = TTLCache(10_000, SHUT_OUT_FOR)
        self.ears: dict[int, Ear] = {}
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat-db")
        self.clock = ThreadPoolExecutor(1, thread_name_prefix="chat-tick")  # it never stands in line
        self.pen = ThreadPoolExecutor(1, thread_name_prefix="chat-pen")  # nor does this one
        self.writer = Writer(partial(self.in_database, pool=self.pen))
        self.catching_up = asyncio.Semaphore(CATCHING_UP_AT_ONCE)
        self.turns: dict[int, asyncio.Lock] = {}  # of people who catch up: each one step at a time
        self.loop = asyncio.get_running_loop()
        self.wire = Wire(self.key, self.hear)
        self.sure_at = monotonic()  # who may be here
        self.ticking = self.loop.create_task(self._ticks())
        self.small_jobs: set[asyncio.Task[Any]] = set()
        bell.listen_here(self._told_by_thread)
        before_daphne_ends(self.farewell)

    async def in_database(
        self, work: Callable[..., T], *args: Any, pool: ThreadPoolExecutor | None = None, **kwargs: Any
    ) -> T:
        """Do this in a thread with a connection to the database."""
        return await self.loop.run_in_executor(pool or self.pool, partial(with_connection, work, *args, **kwargs))

    def soon(self, work: Any) -> None:
        """Do this beside what is at hand."""
        task = self.loop.create_task(work)
        self.small_jobs.add(task)
        task.add_done_callback(self.small_jobs.discard)

    # --- coming and going -------------------------------------------------------------------

    def enter(self, connection: Connection) -> None:
        self.connections.add(connection)
        self.people[connection.user_id] += 1

    def leave(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self.people[connection.user_id] -= 1
        if not self.people[connection.user_id]:
            del self.people[connection.user_id]
            self.turns.pop(connection.user_id, None)
        for room_id in list(connection.rooms | connection.watched):
            self.forget(connection, room_id)

    def ear(self, room_id: int, heard: int) -> Ear:
        """The ear of a room, which has heard all up to this position when it is new."""
        if room_id not in self.ears:
            self.ears[room_id] = Ear(room_id, heard, Presence(self, room_id))
            self.soon(self.wire.tune(room_id))
        return self.ears[room_id]

    def forget(self, connection: Connection, room_id: int) -> None:
        """This connection hears no more of the room."""
        connection.stop_catching_up(room_id)
        connection.rooms.discard(room_id)
        connection.watched.discard(room_id)
        ear = self.ears.get(room_id)
        if ear is None:
            return
        was_here = ear.listeners.pop(connection, None) is not None
        ear.watchers.discard(connection)
        if was_here:
            ear.presence.changed()

    def subscribe(self, connection: Connection, room: Room, after: int | None) -> None:
        """Give the connection what it has missed since `after`, then all that comes; it says other things meanwhile."""
        ear = self.ear(room.pk, room.last_position)
        if sum(other.user_id == connection.user_id for other in ear.listeners) >= MOST_IN_ROOM:
            raise ChatError("rate_limited", _("You have too many windows of this room open."), 5.0)
        connection.stop_catching_up(room.pk)
        ear.listeners.pop(connection, None)  # until it has caught up: nothing new comes between what is old
        connection.rooms.add(room.pk)  # so that the tick looks after it, and shows it out if need be
        ear.coming += 1
        task = self.loop.create_task(self._bring_up(ear, connection, room, after))
        connection.catching_up[room.pk] = task
        task.add_done_callback(lambda _done: ear.one_has_come())

    async def _bring_up(self, ear: Ear, connection: Connection, room: Room, after: int | None) -> None:
        last = max(ear.heard, room.last_position)
        has = last if after is None else min(after, last)
        try:
            while has < max(ear.heard, room.last_position) and self._is_still_here(connection, room.pk):
                missed = await self._catch_up(connection, room, has)
                if missed == has:
                    break
                has = missed
        except (DatabaseError, InterfaceError):
            await connection.refuse(unavailable(), room=room.pk)
            return
        if self._is_still_here(connection, room.pk):
            ear.listeners[connection] = has
            ear.presence.changed()

    @staticmethod
    def _is_still_here(connection: Connection, room_id: int) -> bool:
        return not connection.is_gone and room_id in connection.rooms

    async def _catch_up(self, connection: Connection, room: Room, has: int) -> int:
        """One step of what the connection has missed; returns the position that it has now."""
        async with self.turns.setdefault(connection.user_id, asyncio.Lock()), self.catching_up:
            missed = await self.in_database(history.missed, room, has)
        for frame in missed.frames:
            await connection.send(as_text(frame))
            await connection.has_read()
        await asyncio.sleep(0)
        return missed.position

    def watch(self, connection: Connection, places: Iterable[tuple[int, int]]) -> None:
        """Tell the connection that there is something new in these rooms, not what."""
        for room_id, position in places:
            self.ear(room_id, position).watchers.add(connection)
            connection.watched.add(room_id)

    @property
    def is_sure(self) -> bool:
        """Whether it was seen just now who may be here; otherwise nothing is passed on."""
        return monotonic() - self.sure_at <= SURE_FOR

    def heard(self, room_id: int) -> int:
        return self.ears[room_id].heard if room_id in self.ears else 0

    def count_of(self, user_id: int) -> int:
        """How many sockets this person has here."""
        return self.people[user_id]

    async def farewell(self) -> None:
        """The process ends in order: its sockets are told, and come again elsewhere."""
        for connection in list(self.connections):
            await connection.close(RESTARTS)
        patience = monotonic() + FAREWELL
        while self.connections and monotonic() < patience:
            await asyncio.sleep(0.02)

    # --- hearing ------------------------------------------------------------------------------

    def _told_by_thread(self, room_id: int, told: bell.Told) -> None:
        self.loop.call_soon_threadsafe(self.tell, room_id, told)

    def tell(self, room_id: int, told: bell.Told) -> None:
        """Something of this process: for its own sockets, and for the other processes."""
        self.hear(room_id, told)
        self.wire.tell(room_id, told)

    def hear(self, room_id: int, told: bell.Told) -> None:
        ear = self.ears.get(room_id)
        if ear is None:
            return
        kind = told.get("type")
        if kind != "ring" and not self.is_sure:
            return
        if kind == "ring":
            ear.early.update({position: text for position, text in told["frames"] if position > ear.heard})
            self.soon(self._pass_in_order(ear))
        elif kind == "read":
            self.soon(self._tell_of_reading(ear, told))
        elif kind == "typing":
            self.soon(self._tell_of_typing(ear, told))
        elif kind == "here":
            ear.presence.hear(told)

    async def _pass_in_order(self, ear: Ear) -> None:
        """Pass on what has come in turn; what is missing before the rest is read from the database."""
        if not self.is_sure:
            return  # the next tick that sees who may be here reads on
        async with ear.turn:
            while (text := ear.early.pop(ear.heard + 1, None)) is not None:
                ear.heard += 1
                await self._fan_out(ear, ear.heard, text)
            for position in [position for position in ear.early if position <= ear.heard]:
                del ear.early[position]
        if ear.early:
            await self.read_on(ear)

    async def read_on(self, ear: Ear) -> None:
        """Read from the database what the room has beyond what was heard, and pass it on."""
        if ear.reading:
            return
        ear.reading = True
        try:
            room = await self.in_database(Room.objects.named().get, pk=ear.room_id)
            more = True
            while more:
                missed = await self.in_database(history.missed, room, ear.heard)
                more = missed.more and bool(missed.frames)
                async with ear.turn:
                    for frame in missed.frames:
                        if frame["position"] > ear.heard:
                            ear.heard = frame["position"]
                            await self._fan_out(ear, ear.heard, as_text(frame))
                    ear.early = {position: text for position, text in ear.early.items() if position > ear.heard}
        except (Room.DoesNotExist, DatabaseError, InterfaceError):
            pass  # the next tick sees what has become of it
        finally:
            ear.reading = False
        if ear.heard + 1 in ear.early:
            await self._pass_in_order(ear)

    async def _fan_out(self, ear: Ear, position: int, text: str) -> None:
        frame = Frame(text)
        told = 0
        for connection, has in list(ear.listeners.items()):
            if has >= position or ear.listeners.get(connection, position) >= position:
                continue
            ear.listeners[connection] = position
            if not connection.write(frame):
                await connection.deliver(frame)
            told += 1
            if told % FAN == 0:
                await asyncio.sleep(0)
        if away := ear.watchers - ear.listeners.keys():
            await self._tell_watchers(ear.room_id, away, json.loads(text))

    async def _tell_watchers(self, room_id: int, away: set[Connection], told: dict[str, Any]) -> None:
        """Pages elsewhere are told that there is something new; not what."""
        if told["type"] != "message":
            return
        author, mentions = told["author"], told.get("mentions", [])
        facts = {"room": room_id, "seq": told["seq"], "author": author and author["id"], "mentions": mentions}
        frame = Frame(as_text({"type": "unread", **facts}))
        for connection in away:
            await connection.deliver(frame)

    async def _tell_of_reading(self, ear: Ear, told: bell.Told) -> None:
        """Where someone has read up to: for their own other pages, and for who moderates."""
        frame = Frame(as_text({"type": "read", "room": ear.room_id, "user": told["user"], "seq": told["seq"]}))
        for connection in {*ear.listeners, *ear.watchers}:
            if connection.user_id == told["user"] or ear.room_id in connection.moderated:
                await connection.deliver(frame)

    async def _tell_of_typing(self, ear: Ear, told: bell.Told) -> None:
        facts = {"room": ear.room_id, "user": told["user"], "name": told["name"]}
        frame = Frame(as_text({"type": "typing", **facts}))
        for connection in list(ear.listeners):
            if connection.user_id != told["user"]:
                await connection.deliver(frame)

    # --- once a second ------------------------------------------------------------------------

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._tick()
            except (DatabaseError, InterfaceError):
                continue  # the database is away; nobody hears anything meanwhile that could be forbidden
            except Exception:
                log.exception("A tick of the chat failed.")

    async def _tick(self) -> None:
        for room_id in [pk for pk, ear in self.ears.items() if not (ear.listeners or ear.watchers or ear.coming)]:
            del self.ears[room_id]
            self.soon(self.wire.untune(room_id))
        if not self.connections:
            self.sure_at = monotonic()
            return
        here = list(self.connections)
        began = monotonic()
        looked = await self.loop.run_in_executor(self.clock, partial(with_connection, Looked, here, set(self.ears)))
        await self._close_ended(here, looked)
        await self._close_doors(here, looked)
        self.sure_at = began
        for room_id, position in looked.places.items():
            ear = self.ears.get(room_id)
            if ear is None:
                continue
            if position > ear.heard:
                self.soon(self.read_on(ear))
            if room_id not in self.wire.tuned:
                self.soon(self.wire.tune(room_id))
            ear.presence.refresh()

    async def _close_ended(self, here: list[Connection], looked: Looked) -> None:
        """Log-outs, deactivations and changed passwords close the sockets of that session."""
        for connection in here:
            if looked.is_signed_in(connection):
                continue
            for room_id in (*connection.rooms, *connection.watched):
                self.forget(connection, room_id)
            await connection.close(SESSION_ENDED)

    async def _close_doors(self, here: list[Connection], looked: Looked) -> None:
        """Who may no longer be in a room hears no more of it."""
        for connection in here:
            for room_id in list(connection.rooms | connection.watched):
                standing = looked.standings.get((connection.user_id, room_id))
                if standing is None:
                    continue  # came in since we looked
                if standing.is_member:
                    connection.moderated.discard(room_id)
                    if standing.moderates:
                        connection.moderated.add(room_id)
                else:
                    await self.show_out(connection, room_id)

    async def show_out(self, connection: Connection, room_id: int) -> None:
        self.forget(connection, room_id)
        await connection.send(as_text({"type": "removed", "room": room_id}))


_hub: Hub | None = None


def the_hub() -> Hub:
    """The hub of this process, begun with its first socket."""
    global _hub  # noqa: PLW0603
    if _hub is None or _hub.loop.is_closed():
        _hub = Hub()
    return _hub

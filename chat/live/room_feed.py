"""One room, as one process follows it: what happens there is passed on in order, each thing once to each socket.

What the publisher brings is only a hint: frames are passed on in the order of their positions, and what is missing
between two is read from the database.
"""

import asyncio
import json
from typing import Any

from django.db import DatabaseError, InterfaceError

from chat.live.connection import Connection
from chat.live.direct_write import SharedFrame
from chat.live.presence import Presence
from chat.live.recent import Placed, RecentFrames
from chat.live.runtime import Runtime
from chat.models import Room
from chat.rooms import history
from chat.rooms.frames import as_text
from chat.rooms.publisher import Event, Publisher

TURN_AFTER = 50  # sockets, after which others get their turn
CALM = 1.0  # seconds in which comings and goings are told together
UNCHECKED = 0.1  # seconds between two looks whether it was checked who may be in the rooms


class RoomFeed:
    def __init__(self, room_id: int, position: int, runtime: Runtime, publisher: Publisher) -> None:
        self.room_id = room_id
        self.position = position  # the last one that has been passed on
        self.listeners: dict[Connection, int] = {}  # with the last position that each has got
        self.watchers: set[Connection] = set()  # of pages elsewhere, who are told that there is news, not what
        self.moderators: set[int] = set()  # people, as the last check found them
        self.silent: set[int] = set()  # people who may not write, as the last check found them
        self.joining: set[asyncio.Task[None]] = set()  # those who catch up, and will listen
        self._runtime, self._publisher = runtime, publisher
        self._early: dict[int, str] = {}  # frames that came before their turn
        self._passing_on = asyncio.Lock()
        self._reading_on = False
        self._recent = RecentFrames(position)
        self._reading_older = asyncio.Lock()
        self._presence = Presence()
        self._presence_waits = False

    @property
    def is_needed(self) -> bool:
        return bool(self.listeners or self.watchers or self.joining)

    # --- passing on -------------------------------------------------------------------------------

    def receive(self, event: Event) -> None:
        """Handle an event of the room, from this process or another one."""
        kind = event.get("type")
        if kind == "frames":
            self._early.update({position: text for position, text in event["frames"] if position > self.position})
            self._runtime.start(self._pass_on_in_order())
        # dropped, not kept for later: who types, reads or is here is only true at this moment
        elif not self._runtime.is_checked:
            return
        elif kind == "read":
            self._runtime.start(self._tell_of_reading(event))
        elif kind == "typing":
            self._runtime.start(self._tell_of_typing(event))
        elif kind == "here":
            self._hear_of_people(event)

    async def _pass_on_in_order(self) -> None:
        """Pass on the frames whose turn it is; read from the database what is missing before the others."""
        if not self._runtime.is_checked:
            return  # the next check reads on
        # one at a time: `_pass_on` awaits, and a second call could overtake it
        async with self._passing_on:
            while (text := self._early.pop(self.position + 1, None)) is not None:
                await self._pass_on(self.position + 1, SharedFrame(text))
            for position in [position for position in self._early if position <= self.position]:
                del self._early[position]
        if self._early:
            await self.pass_on_unread()

    async def pass_on_unread(self) -> None:
        """Read from the database what the room has beyond the last position, and pass it on."""
        if self._reading_on:
            return
        self._reading_on = True
        try:
            more = True
            while more:
                frames, _end, more = await self._read_after(self.position)
                if not self._runtime.is_checked:
                    return  # the next check reads on
                async with self._passing_on:
                    for position, frame in frames:
                        if position > self.position:
                            await self._pass_on(position, frame)
                    self._early = {position: text for position, text in self._early.items() if position > self.position}
        except (Room.DoesNotExist, DatabaseError, InterfaceError):
            pass  # the next check sees what has become of it
        finally:
            self._reading_on = False
        if self.position + 1 in self._early:
            await self._pass_on_in_order()

    async def _read_after(self, position: int) -> tuple[list[Placed], int, bool]:
        """Frames of the database after a position, the last position that they reach, and whether there are more."""

        def read() -> tuple[list[Placed], int, bool]:
            room = Room.objects.named().get(pk=self.room_id)
            missed = history.missed(room, position)
            frames = [(frame["position"], SharedFrame(as_text(frame))) for frame in missed.frames]
            return frames, missed.position, missed.more and bool(frames)

        return await self._runtime.in_database(read)

    async def _pass_on(self, position: int, frame: SharedFrame) -> None:
        self.position = position
        # before anything is awaited: who catches up meanwhile must find this frame
        self._recent.add(position, frame)
        told = 0
        for connection, has in list(self.listeners.items()):
            # looked up again: during the awaits of this loop sockets leave, or subscribe anew
            if has >= position or self.listeners.get(connection, position) >= position:
                continue
            # before it is written: should that fail, the frame is not sent again (promise 23)
            self.listeners[connection] = position
            if not connection.write_now(frame):
                await connection.deliver(frame)
            told += 1
            if told % TURN_AFTER == 0:
                await asyncio.sleep(0)
        if away := self.watchers - self.listeners.keys():
            await self._tell_watchers(away, json.loads(frame.text))

    async def _tell_watchers(self, away: set[Connection], frame: dict[str, Any]) -> None:
        if frame["type"] != "message":
            return
        author, mentions = frame["author"], frame.get("mentions", [])
        facts = {"room": self.room_id, "seq": frame["seq"], "author": author and author["id"], "mentions": mentions}
        unread = SharedFrame(as_text({"type": "unread", **facts}))
        for connection in away:
            await connection.deliver(unread)

    async def _tell_of_reading(self, event: Event) -> None:
        """Where someone has read up to: for their own other pages, and for who moderates."""
        facts = {"room": self.room_id, "user": event["user"], "seq": event["seq"]}
        frame = SharedFrame(as_text({"type": "read", **facts}))
        for connection in {*self.listeners, *self.watchers}:
            if connection.user_id == event["user"] or connection.user_id in self.moderators:
                await connection.deliver(frame)

    async def _tell_of_typing(self, event: Event) -> None:
        facts = {"room": self.room_id, "user": event["user"], "name": event["name"]}
        frame = SharedFrame(as_text({"type": "typing", **facts}))
        for connection in list(self.listeners):
            if connection.user_id != event["user"]:
                await connection.deliver(frame)

    # --- catching up ------------------------------------------------------------------------------

    async def catch_up(self, connection: Connection, after: int | None, last: int, turn: asyncio.Lock) -> None:
        """Send a socket what it has missed since `after`, then have it listen; without `after` it hears what is new.

        `last` is the position that the socket was told when it came in; it hears all that is beyond. In `turn` a
        person reads from the database, one step at a time for all their sockets. Raises DatabaseError, InterfaceError,
        Room.DoesNotExist.
        """
        has = last if after is None else min(after, last)
        while has < (end := max(self.position, last)) and self._is_here(connection):
            if not self._runtime.is_checked:
                await asyncio.sleep(UNCHECKED)
                continue
            frames = await self._frames_after(has, turn)
            await connection.deliver_all([frame for _position, frame in frames])
            has = frames[-1][0] if frames else end  # what was between has been deleted
        if self._is_here(connection):  # nothing was awaited since `has` was compared
            self.listeners[connection] = has
            self.announce_people_soon()

    def _is_here(self, connection: Connection) -> bool:
        return not connection.is_gone and self.room_id in connection.rooms

    async def _frames_after(self, position: int, turn: asyncio.Lock) -> list[Placed]:
        """The next frames after a position: the recent ones, or a step of older ones from the database."""
        if frames := self._recent.after(position):
            return frames
        # always in this order, so that the two locks cannot deadlock
        async with turn, self._reading_older:
            if frames := self._recent.after(position):  # someone else has read them meanwhile
                return frames
            start = position
            if self._recent.start - history.AT_ONCE <= position < self._recent.start:
                start = max(0, self._recent.start - history.AT_ONCE)  # others are probably as little behind
            generation = self._recent.generation
            frames, end, _more = await self._read_after(start)
            # a step that starts earlier may be full before it gets this far
            if end <= position:
                start = position
                frames, end, _more = await self._read_after(start)
            self._recent.add_older(start, end, frames, generation)
        return [placed for placed in frames if placed[0] > position]

    # --- who is here ------------------------------------------------------------------------------

    def announce_people_soon(self) -> None:
        """Announce soon that people came or left, once for all who do so in the meantime."""
        if not self._presence_waits:
            self._presence_waits = True
            self._runtime.start(self._tell_of_people())

    async def _tell_of_people(self) -> None:
        await asyncio.sleep(CALM)
        self._presence_waits = False
        self._presence.told()
        event = {"type": "here", "process": self._publisher.key, "people": sorted(self._own_people())}
        self._publisher.publish_here(self.room_id, event)

    def _own_people(self) -> set[int]:
        return {connection.user_id for connection in self.listeners}

    def _hear_of_people(self, event: Event) -> None:
        if event["process"] != self._publisher.key and self._presence.hear(event["process"], set(event["people"])):
            self.announce_people_soon()
        self._runtime.start(self._show_people())

    async def _show_people(self) -> None:
        count = self._presence.count(self._own_people())
        frame = SharedFrame(as_text({"type": "presence", "room": self.room_id, "count": count}))
        for connection in list(self.listeners):
            await connection.deliver(frame)

    def announce_people_if_due(self) -> None:
        """Tell again now and then, and forget processes that no longer do; called at every check."""
        if self._presence.forget_lost_processes() or (self._publisher.reaches_others and self._presence.is_due):
            self.announce_people_soon()

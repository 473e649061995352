"""Once a second: remove people who lost a room or their session, and read events that got lost.

So a lost event costs a second, and who is removed, logged out or deactivated hears nothing after two, whatever becomes
of the layer between processes. If the check itself is late, nothing is passed on until it is done.
"""

import asyncio
import logging
from collections.abc import Collection
from time import monotonic
from typing import Protocol

from django.db import DatabaseError, InterfaceError

from chat.live.connection import SESSION_ENDED, Connection
from chat.live.database import Check
from chat.live.room_feed import RoomFeed
from chat.live.runtime import Runtime
from chat.rooms.publisher import Publisher

EVERY = 1.0  # seconds

log = logging.getLogger("parta.chat")


class HubActions(Protocol):
    """Methods of the hub that the tick calls."""

    def forget(self, connection: Connection, room_id: int) -> None: ...

    async def remove_person(self, connection: Connection, room_id: int) -> None: ...


class RoomsCheck:
    def __init__(
        self,
        runtime: Runtime,
        publisher: Publisher,
        connections: Collection[Connection],
        feeds: dict[int, RoomFeed],
        doors: HubActions,
    ) -> None:
        self._runtime, self._publisher, self._doors = runtime, publisher, doors
        self._connections, self._feeds = connections, feeds

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._once()
            except (DatabaseError, InterfaceError):
                continue  # the database is away; nobody hears anything meanwhile that could be forbidden
            except Exception:
                log.exception("A check of the chat failed.")

    async def _once(self) -> None:
        for room_id in [pk for pk, feed in self._feeds.items() if not feed.is_needed]:
            del self._feeds[room_id]
            self._runtime.start(self._publisher.leave(room_id))
        # the time before the queries: what changes while they run may not be in their result (promise 3)
        began = monotonic()
        # without sockets no query; the time still moves on, so that the first socket need not wait for a check
        if not self._connections:
            self._runtime.checked_at = began
            return
        here = list(self._connections)
        check = await self._runtime.in_database(Check, here, set(self._feeds), pool=self._runtime.check_pool)
        # before `checked_at` is set, which lets the feeds pass frames on again
        await self._end_sessions(check)
        await self._remove_outsiders(here, check)
        self._runtime.checked_at = began
        for room_id, position in check.positions.items():
            feed = self._feeds.get(room_id)
            if feed is None:
                continue
            if position > feed.position:
                self._runtime.start(feed.pass_on_unread())
            if not self._publisher.has_joined(room_id):
                self._runtime.start(self._publisher.join(room_id))
            feed.moderators = check.moderators.get(room_id, set())
            feed.silent = check.silent.get(room_id, set())
            feed.announce_people_if_due()

    async def _end_sessions(self, check: Check) -> None:
        for connection in check.ended:
            for room_id in connection.rooms | connection.watched:
                # before closing, which is awaited: no frame may reach the socket meanwhile
                self._doors.forget(connection, room_id)
            await connection.close(SESSION_ENDED)

    async def _remove_outsiders(self, here: list[Connection], check: Check) -> None:
        for connection in here if check.outside else ():
            for room_id in connection.rooms | connection.watched:
                if (connection.user_id, room_id) in check.outside:
                    await self._doors.remove_person(connection, room_id)

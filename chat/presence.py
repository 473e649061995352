"""Who is in a room just now: each process tells the others whom it has, and forgets those who fall silent."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from chat.fast_lane import Frame
from chat.frames import as_text

if TYPE_CHECKING:
    from chat.hub import Hub

CALM = 1.0  # seconds between two tellings
REPEAT = 20.0  # seconds after which a process tells again
FORGET = 50.0  # seconds of silence after which a process is gone
SHOWN = 50  # people; beyond that only how many


class Presence:
    __slots__ = ("_hub", "_others", "_room_id", "_told_at", "_waits")

    def __init__(self, hub: "Hub", room_id: int) -> None:
        self._hub, self._room_id = hub, room_id
        self._others: dict[str, tuple[float, dict[int, str]]] = {}
        self._told_at = 0.0
        self._waits = False

    def _own(self) -> dict[int, str]:
        ear = self._hub.ears.get(self._room_id)
        return {connection.user_id: connection.name for connection in ear.listeners} if ear else {}

    def people(self) -> dict[int, str]:
        """Everyone who is here, by id."""
        found = self._own()
        for seen_at, people in self._others.values():
            if monotonic() - seen_at < FORGET:
                found.update(people)
        return found

    def changed(self) -> None:
        """Someone has come or gone: tell soon, and once for all who do so meanwhile."""
        if not self._waits:
            self._waits = True
            self._hub.soon(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(CALM)
        self._waits = False
        self._told_at = monotonic()
        own = {str(pk): name for pk, name in self._own().items()}
        self._hub.tell(self._room_id, {"type": "here", "process": self._hub.key, "people": own})

    def refresh(self) -> None:
        """At each tick: tell again now and then, and forget processes that no longer do."""
        now = monotonic()
        silent = [key for key, (seen_at, _people) in self._others.items() if now - seen_at >= FORGET]
        for key in silent:
            del self._others[key]
        if silent or (self._hub.wire.reaches_others and now - self._told_at > REPEAT):
            self.changed()

    def hear(self, told: dict[str, Any]) -> None:
        """What a process says of itself; one that is new is told of us."""
        if told["process"] != self._hub.key:
            people = {int(pk): name for pk, name in told["people"].items()}
            is_new = told["process"] not in self._others
            self._others[told["process"]] = (monotonic(), people)
            if is_new:
                self.changed()
        self._hub.soon(self._show())

    async def _show(self) -> None:
        ear = self._hub.ears.get(self._room_id)
        if ear is None or not self._hub.is_sure:
            return
        people = self.people()
        named = sorted(people.items(), key=lambda item: item[1].casefold())[:SHOWN]
        facts = {
            "room": self._room_id,
            "count": len(people),
            "people": [{"id": pk, "name": name} for pk, name in named],
        }
        frame = Frame(as_text({"type": "presence", **facts}))
        for connection in list(ear.listeners):
            await connection.deliver(frame)

"""The channel layer, as a hub uses it: one channel for the process, one group for each room that it hears."""

import asyncio
import logging
from collections.abc import Callable

from chat import bell

AGAIN = 1.0  # seconds

log = logging.getLogger("parta.chat")


class Wire:
    """Carries what is told between processes. Nothing waits for it, and nothing depends on it but speed."""

    def __init__(self, key: str, hear: Callable[[int, bell.Told], None]) -> None:
        self.key, self.hear = key, hear
        self.layer = bell.working_layer()
        self.channel = ""
        self.tuned: set[int] = set()  # rooms that it brings
        self.carries = True
        self.outbox: asyncio.Queue[tuple[int, bell.Told]] = asyncio.Queue(bell.MOST_WAITING)
        self.tasks = [asyncio.create_task(work()) for work in (self._listen, self._pass_on) if self.reaches_others]

    @property
    def reaches_others(self) -> bool:
        return self.layer is not None

    def tell(self, room_id: int, told: bell.Told) -> None:
        """Tell the other processes; where too much waits already, they will see for themselves."""
        if self.reaches_others and not self.outbox.full():
            self.outbox.put_nowait((room_id, {**told, "from": self.key}))

    async def _pass_on(self) -> None:
        while True:
            room_id, told = await self.outbox.get()
            carries = await bell.pass_on(self.layer, room_id, told)
            if carries != self.carries:
                self.carries = carries
                state = "is there again" if carries else "is away: rooms look once a second"
                log.warning("The channel layer %s.", state)

    async def _listen(self) -> None:
        """Hear what other processes tell, for as long as this one lives."""
        while True:
            try:
                if not self.channel:
                    self.channel = await asyncio.wait_for(self.layer.new_channel(), bell.PATIENCE)
                told = await self.layer.receive(self.channel)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # whatever ails it: the hub reads the database meanwhile
                log.debug("The channel layer is away: %s", type(error).__name__)
                await asyncio.sleep(AGAIN)
                continue
            if told.get("from") != self.key:
                self.hear(told.get("room", 0), told)

    async def tune(self, room_id: int) -> None:
        """Have it bring this room; tried again at each tick until it does."""
        if not self.channel or room_id in self.tuned:
            return
        try:
            await asyncio.wait_for(self.layer.group_add(f"{bell.PREFIX}{room_id}", self.channel), bell.PATIENCE)
            self.tuned.add(room_id)
        except Exception as error:  # as above
            log.debug("Room %s is not tuned in: %s", room_id, type(error).__name__)

    async def untune(self, room_id: int) -> None:
        if room_id not in self.tuned:
            return
        self.tuned.discard(room_id)
        try:
            await asyncio.wait_for(self.layer.group_discard(f"{bell.PREFIX}{room_id}", self.channel), bell.PATIENCE)
        except Exception as error:  # it only costs a few frames that nobody wants
            log.debug("Room %s is still tuned in: %s", room_id, type(error).__name__)

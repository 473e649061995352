"""Tells every process what happens in rooms, over the channel layer.

The database is authoritative: a lost event only costs a delay of a second (`chat.live.tick`). So
nothing waits for the layer, and a full queue is not filled further. A process that has sockets (Daphne) gets its own
events at once, and those of the others from the layer; in one that has none (gunicorn, the worker) events only leave.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

Event = dict[str, Any]
OnEvent = Callable[[int, Event], None]

PREFIX = "chat.room."
TIMEOUT = 2.0  # seconds that the layer may take
RETRY = 1.0  # seconds
MAX_QUEUED = 1000  # events

log = logging.getLogger("parta.chat")


class Publisher:
    """Sends events of this process to the others and, with `on_event`, receives theirs.

    All methods but `publish` belong to the loop that it was made for.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_event: OnEvent | None = None) -> None:
        self.key = uuid.uuid4().hex  # of this process, for the others
        self.loop, self._on_event = loop, on_event
        layer = get_channel_layer()
        self._layer: Any = None if isinstance(layer, InMemoryChannelLayer) else layer
        self._channel = ""
        self._joined: set[int] = set()  # rooms whose events the layer brings
        self._changing_rooms = asyncio.Lock()  # joining and leaving a room take effect in the order of the calls
        self._is_up = True
        self._queue: asyncio.Queue[tuple[int, Event]] = asyncio.Queue(MAX_QUEUED)
        self._tasks: list[asyncio.Task[None]] = []
        if self.reaches_others:
            # the loop may run in another thread (`get_publisher`), and tasks are created in the thread of their loop
            loop.call_soon_threadsafe(self._start)

    @property
    def reaches_others(self) -> bool:
        """Whether there is a layer between processes at all; without one they look into the database only."""
        return self._layer is not None

    def _start(self) -> None:
        work = [self._send_queued] + ([self._receive] if self._on_event else [])
        self._tasks = [self.loop.create_task(one()) for one in work]

    def publish(self, room_id: int, event: Event) -> None:
        """Publish an event; may be called from any thread."""
        self.loop.call_soon_threadsafe(self.publish_here, room_id, event)

    def publish_here(self, room_id: int, event: Event) -> None:
        """The same, from the publisher's own loop; this process has handled the event when the call returns."""
        if self._on_event:
            self._on_event(room_id, event)
        # a full queue drops the event: waiting would hold up the writer, and others read the database anyway
        if self.reaches_others and not self._queue.full():
            self._queue.put_nowait((room_id, {**event, "from": self.key, "room": room_id}))

    async def _send_queued(self) -> None:
        while True:
            room_id, event = await self._queue.get()
            try:
                await asyncio.wait_for(self._layer.group_send(f"{PREFIX}{room_id}", event), TIMEOUT)
                self._is_now(up=True)
            except Exception as error:  # whatever is wrong with it: the others look into the database
                log.debug("The channel layer did not take an event: %s", type(error).__name__)
                self._is_now(up=False)

    def _is_now(self, *, up: bool) -> None:
        if up != self._is_up:
            self._is_up = up
            state = "is back" if up else "is away: processes look into the database once a second"
            log.warning("The channel layer %s.", state)

    async def _receive(self) -> None:
        while True:
            try:
                if not self._channel:
                    self._channel = await asyncio.wait_for(self._layer.new_channel(), TIMEOUT)
                event = await self._layer.receive(self._channel)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # as above
                log.debug("The channel layer is away: %s", type(error).__name__)
                await asyncio.sleep(RETRY)
                continue
            # the layer brings our own events back, which `publish_here` has passed on already
            if self._on_event and event.get("from") != self.key:
                self._on_event(event.get("room", 0), event)

    def has_joined(self, room_id: int) -> bool:
        return room_id in self._joined or not self.reaches_others

    async def join(self, room_id: int) -> None:
        """Have the layer bring the events of a room. Where that fails, nothing happens; the next tick tries again."""
        async with self._changing_rooms:
            if not self._channel or room_id in self._joined:
                return
            try:
                await asyncio.wait_for(self._layer.group_add(f"{PREFIX}{room_id}", self._channel), TIMEOUT)
                self._joined.add(room_id)
            except Exception as error:  # as above
                log.debug("Room %s is not joined: %s", room_id, type(error).__name__)

    async def leave(self, room_id: int) -> None:
        async with self._changing_rooms:
            if room_id not in self._joined:
                return
            # first: if the call fails its effect is unknown, and a later `join` must ask the layer again
            self._joined.discard(room_id)
            try:
                await asyncio.wait_for(self._layer.group_discard(f"{PREFIX}{room_id}", self._channel), TIMEOUT)
            except Exception as error:  # it only costs a few events that nobody wants
                log.debug("Room %s is not left: %s", room_id, type(error).__name__)


_publisher: Publisher | None = None
_lock = Lock()


def get_publisher() -> Publisher:
    """The publisher of this process; without sockets one that only sends, in a thread of its own."""
    global _publisher  # noqa: PLW0603
    with _lock:
        if _publisher is None or _publisher.loop.is_closed():
            loop = asyncio.new_event_loop()
            Thread(target=loop.run_forever, daemon=True, name="chat-publisher").start()
            _publisher = Publisher(loop)
    return _publisher


def set_publisher(publisher: Publisher) -> None:
    """From now on events of this process go through this publisher: its sockets hear them at once."""
    global _publisher  # noqa: PLW0603
    _publisher = publisher


def publish_frames(room_id: int, frames: Sequence[tuple[int, str]]) -> None:
    """Publish frames, each with its position, after the current transaction commits."""
    publish(room_id, {"type": "frames", "frames": [list(frame) for frame in frames]})


def publish(room_id: int, event: Event) -> None:
    """Publish an event of a room after the current transaction commits."""
    # not earlier: nobody may hear of a message that is rolled back (promise 22)
    transaction.on_commit(lambda: get_publisher().publish(room_id, event))

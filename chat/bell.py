"""The doorbell: tells every process that something has happened in a room.

The database is the truth; a ring may be lost, and nobody notices but by a second's delay (`chat.hub`). So a ring
never waits for anyone: a thread of this process hands it to the channel layer, and forgets it if that fails.
A process that has sockets of its own (Daphne) hears its own rings at once, and its hub passes them on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Lock, Thread
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

PREFIX = "chat.room."
PATIENCE = 2  # seconds that a ring may take
MOST_WAITING = 1000  # rings; more than these are not worth ringing
Told = dict[str, Any]

log = logging.getLogger("parta.chat")
_lock = Lock()
_own_hub: Callable[[int, Told], None] | None = None
_loop: asyncio.AbstractEventLoop | None = None
_waiting = 0


def listen_here(hear: Callable[[int, Told], None]) -> None:
    """This process has sockets: from now on it is told of its own rings, from whatever thread they come."""
    global _own_hub  # noqa: PLW0603
    _own_hub = hear


def ring(room_id: int, frames: Sequence[tuple[int, str]]) -> None:
    """Tell of these frames, each with its position, when the transaction at hand is through."""
    tell(room_id, {"type": "ring", "frames": [list(frame) for frame in frames]})


def tell(room_id: int, told: Told) -> None:
    """Tell those in a room of something, when the transaction at hand is through."""
    transaction.on_commit(lambda: _tell(room_id, told))


def _tell(room_id: int, told: Told) -> None:
    if _own_hub is not None:
        _own_hub(room_id, told)
        return
    layer = working_layer()
    if layer is not None:
        asyncio.run_coroutine_threadsafe(_try(layer, room_id, told), _own_loop())


def working_layer() -> Any:
    """The channel layer, if it reaches other processes."""
    layer = get_channel_layer()
    return None if isinstance(layer, InMemoryChannelLayer) else layer


async def _try(layer: Any, room_id: int, told: Told) -> None:
    global _waiting  # noqa: PLW0603
    if _waiting >= MOST_WAITING:
        return
    _waiting += 1
    try:
        await pass_on(layer, room_id, told)
    finally:
        _waiting -= 1


async def pass_on(layer: Any, room_id: int, told: Told) -> bool:
    """Hand it to the channel layer; returns whether that took it."""
    try:
        await asyncio.wait_for(layer.group_send(f"{PREFIX}{room_id}", {**told, "room": room_id}), PATIENCE)
    except Exception as error:
        log.debug("The doorbell is silent: %s", type(error).__name__)
        return False
    return True


def _own_loop() -> asyncio.AbstractEventLoop:
    """An event loop in a thread of its own, begun with the first ring."""
    global _loop  # noqa: PLW0603
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            Thread(target=_loop.run_forever, daemon=True, name="doorbell").start()
    return _loop

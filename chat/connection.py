"""One open socket, as the hub knows it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from django.utils import translation

from chat import fast_lane
from chat.fast_lane import Frame
from chat.frames import ChatError, as_text, error_frame
from chat.handshake import Visitor
from chat.pace import Bucket

# Why a socket is closed. Autobahn, under Daphne, sends only 1000 and codes of one's own.
SESSION_ENDED, TOO_MUCH = 4401, 4408
RESTARTS, TRY_LATER = 4012, 4013
MOST_AHEAD = 512 * 1024  # bytes of history that are sent before the last are read
MOST_WAITING = 4 * 1024 * 1024  # bytes that a socket may leave unread
FAREWELL = 2.0  # seconds for the last frame to arrive
FRAMES_A_SECOND, FRAMES_AT_ONCE = 50, 200  # of any kind, from one socket
BYTES_A_SECOND, BYTES_AT_ONCE = 256 * 1024, 2 * 1024 * 1024
SendFrame = Callable[[dict[str, Any]], Awaitable[None]]


class Connection:
    __slots__ = (
        "_bytes",
        "_frames",
        "_protocol",
        "_send",
        "catching_up",
        "closed",
        "language",
        "moderated",
        "name",
        "password",
        "rooms",
        "session_key",
        "typed_at",
        "unanswered",
        "user_id",
        "watched",
    )

    def __init__(self, visitor: Visitor, send: SendFrame) -> None:
        self._send = send
        self._protocol = fast_lane.protocol_behind(send)
        self._frames = Bucket(FRAMES_A_SECOND, FRAMES_AT_ONCE)
        self._bytes = Bucket(BYTES_A_SECOND, BYTES_AT_ONCE)
        self.user_id, self.name, self.language = visitor.user_id, visitor.name, visitor.language
        self.session_key, self.password = visitor.session_key, visitor.password
        self.rooms: set[int] = set()
        self.watched: set[int] = set()
        self.moderated: set[int] = set()
        self.catching_up: dict[int, asyncio.Task[None]] = {}  # by room
        self.typed_at = 0.0
        self.unanswered = 0  # messages that are being stored
        self.closed = False

    @property
    def is_gone(self) -> bool:
        """Whether there is nobody any more, if the consumer has not heard of it yet."""
        return self.closed or (self._protocol is not None and self._protocol.state != self._protocol.STATE_OPEN)

    def admit(self, size: int, now: float) -> float:
        """Count what has arrived; returns the seconds to wait before the next is read, 0 for a bearable pace."""
        self._frames.take(now)
        self._bytes.take(now, size)
        return max(self._frames.missing(now), self._bytes.missing(now))

    def pause_reading(self) -> None:
        """Leave what this socket sends with its sender: nothing more is read, and nothing kept."""
        if self._protocol is not None and self._protocol.transport is not None:
            self._protocol.transport.pauseProducing()

    def resume_reading(self) -> None:
        if self._protocol is not None and self._protocol.transport is not None and not self.is_gone:
            self._protocol.transport.resumeProducing()

    def write(self, frame: Frame) -> bool:
        """Pass on a frame that others get too, by the fast lane; returns whether there was need of no other."""
        self._part_if_it_does_not_read()
        return self.closed or (self._protocol is not None and fast_lane.write(self._protocol, frame))

    async def deliver(self, frame: Frame) -> None:
        """The same by whatever way there is."""
        if not self.write(frame):
            await self._give(frame.message)

    async def send(self, text: str) -> None:
        """Say something to this one."""
        if not self.closed:
            await self._give({"type": "websocket.send", "text": text})

    def _part_if_it_does_not_read(self) -> None:
        """What nobody reads is not kept for ever: they come again and catch up."""
        if self._protocol is not None and not self.closed and fast_lane.waiting(self._protocol) > MOST_WAITING:
            fast_lane.hang_up(self._protocol)
            self.closed = True

    def stop_catching_up(self, room_id: int) -> None:
        """Who asks anew, or leaves, need not hear the rest of what they asked for before."""
        task = self.catching_up.pop(room_id, None)
        if task is not None:
            task.cancel()

    async def has_read(self) -> None:
        """Wait until what was sent before is read, but for the last of it; so long as it takes."""
        while self._protocol is not None and not self.is_gone and fast_lane.waiting(self._protocol) > MOST_AHEAD:
            await asyncio.sleep(0.05)

    async def _give(self, message: dict[str, Any]) -> None:
        """Hand it to the server; a socket that has gone meanwhile takes nothing from the others."""
        self._part_if_it_does_not_read()
        if self.closed:
            return
        try:
            await self._send(message)
        except Exception:  # whatever the server says: nobody is there any more
            self.closed = True

    async def accept(self) -> None:
        await self._give({"type": "websocket.accept"})

    async def refuse(self, error: ChatError, *, room: int | None = None, nonce: str | None = None) -> None:
        """Tell of a refusal, in the person's language."""
        with translation.override(self.language):
            text = as_text(error_frame(error, room=room, nonce=nonce))
        await self.send(text)

    async def close(self, code: int) -> None:
        if not self.closed:
            await self._give({"type": "websocket.close", "code": code})
            self.closed = True

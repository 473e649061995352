"""One open socket."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from django.utils import translation

from chat.live.admission import Admission
from chat.live.direct_write import DirectWriter, SharedFrame, protocol_behind
from chat.live.flow import Flow
from chat.live.handshake import Visitor
from chat.live.intake import Intake, OnExcess
from chat.rooms.frames import ChatError, as_text, error_frame

# Why a socket is closed. Autobahn, under Daphne, sends only 1000 and codes of one's own.
SESSION_ENDED, TOO_MUCH = 4401, 4408
RESTARTS, TRY_LATER = 4012, 4013
MAX_AHEAD = 512 * 1024  # bytes of history that are sent before the last are read
MAX_UNSENT = 4 * 1024 * 1024  # bytes that a socket may leave unread
MAX_AT_ONCE = 64 * 1024  # bytes of one write of history
CLOSING = 2.0  # seconds for the last frame to arrive
SendMessage = Callable[[dict[str, Any]], Awaitable[None]]


class Connection:
    __slots__ = (
        "_direct",
        "_send",
        "admission",
        "catching_up",
        "closed",
        "flow",
        "intake",
        "language",
        "name",
        "password",
        "rooms",
        "session_key",
        "typed_at",
        "user_id",
        "watched",
    )

    def __init__(self, visitor: Visitor, send: SendMessage, admission: Admission, on_excess: OnExcess) -> None:
        protocol = protocol_behind(send)
        self._send, self._direct, self.flow = send, DirectWriter(protocol), Flow(protocol)
        self.admission = admission  # shared by all sockets of the person
        # another server than Daphne has a protocol of its own: then the consumer counts what it is given
        self.intake = Intake(protocol, admission, self.flow, on_excess) if protocol is not None else None
        self.user_id, self.name, self.language = visitor.user_id, visitor.name, visitor.language
        self.session_key, self.password = visitor.session_key, visitor.password
        self.rooms: set[int] = set()  # that it listens to, or will when it has caught up
        self.watched: set[int] = set()
        self.catching_up: dict[int, asyncio.Task[None]] = {}  # by room
        self.typed_at = 0.0
        self.closed = False

    @property
    def is_gone(self) -> bool:
        """Whether the client is gone, even if the consumer does not know it yet."""
        return self.closed or self.flow.is_gone

    def write_now(self, frame: SharedFrame) -> bool:
        """Pass on a frame that others get too; returns whether it is done, and `deliver` is not needed."""
        self.close_if_unread()
        return self.closed or self._direct.write(frame.raw)

    async def deliver(self, frame: SharedFrame) -> None:
        """Send the frame directly, or through the server where that is not possible."""
        if not self.write_now(frame):
            await self._hand_to_server(frame.message)

    async def deliver_all(self, frames: Sequence[SharedFrame]) -> None:
        """Pass on many frames in their order, as fast as the socket reads them."""
        start = 0
        while start < len(frames) and not self.is_gone:
            stop, size = start, 0
            while stop < len(frames) and (stop == start or size + len(frames[stop].raw) <= MAX_AT_ONCE):
                size += len(frames[stop].raw)
                stop += 1
            if not self._direct.write(b"".join(frame.raw for frame in frames[start:stop])):
                for frame in frames[start:stop]:
                    await self._hand_to_server(frame.message)
            start = stop
            await self.wait_until_read()

    async def send(self, text: str) -> None:
        """Send a text to this socket only."""
        if not self.closed:
            await self._hand_to_server({"type": "websocket.send", "text": text})

    def close_if_unread(self) -> None:
        """Close a socket whose client does not read; the client reconnects and catches up."""
        # aborted, not closed: a close frame would wait behind all that is unread (promise 27)
        if not self.closed and self.flow.unsent > MAX_UNSENT and self.flow.abort():
            self.closed = True

    def stop_catching_up(self, room_id: int) -> None:
        """Cancel the running catch-up of a room: the client asked again, or left."""
        task = self.catching_up.pop(room_id, None)
        if task is not None:
            task.cancel()

    async def wait_until_read(self) -> None:
        """Wait until what was sent before is read, but for the last of it; so long as it takes."""
        await asyncio.sleep(0)
        while not self.is_gone and self.flow.unsent > MAX_AHEAD:
            await asyncio.sleep(0.05)

    async def _hand_to_server(self, message: dict[str, Any]) -> None:
        """Send a message through the server; a socket that is gone must not stop the sending to others."""
        self.close_if_unread()
        if self.closed:
            return
        try:
            await self._send(message)
        except Exception:  # whichever error the server raises: the client is gone
            self.closed = True

    async def accept(self) -> None:
        await self._hand_to_server({"type": "websocket.accept"})

    async def refuse(self, error: ChatError, *, room: int | None = None, nonce: str | None = None) -> None:
        """Tell of a refusal, in the person's language."""
        with translation.override(self.language):
            text = as_text(error_frame(error, room=room, nonce=nonce))
        await self.send(text)

    async def close(self, code: int) -> None:
        if not self.closed:
            await self._hand_to_server({"type": "websocket.close", "code": code})
            self.closed = True

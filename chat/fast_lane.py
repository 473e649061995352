"""One frame for many sockets, without asking the server to build it anew for each.

Under Daphne every message that an application sends is checked, encoded and framed for its one socket: most of the
cost of telling two hundred people the same. A WebSocket frame from a server is the same bytes for everyone, so it is
built once here and written to the transports that lie behind Daphne's `send`. Where something looks otherwise than in
Daphne (another server, a compressed socket, one that is closing), the frame goes the ordinary way.
"""

import struct
from functools import partial
from typing import Any

_TEXT = 0x81  # one whole frame of text
_SHORT, _LONG = 125, 0xFFFF


class Frame:
    """A text as a socket's frame, in both forms; the bytes are made when they are first needed."""

    __slots__ = ("_raw", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._raw: bytes | None = None

    @property
    def raw(self) -> bytes:
        """The frame of RFC 6455, section 5.2: unmasked, unfragmented."""
        if self._raw is None:
            body = self.text.encode()
            if len(body) <= _SHORT:
                head = struct.pack("!BB", _TEXT, len(body))
            elif len(body) <= _LONG:
                head = struct.pack("!BBH", _TEXT, 126, len(body))
            else:
                head = struct.pack("!BBQ", _TEXT, 127, len(body))
            self._raw = head + body
        return self._raw

    @property
    def message(self) -> dict[str, Any]:
        """As ASGI has it."""
        return {"type": "websocket.send", "text": self.text}


def protocol_behind(send: Any) -> Any:
    """The protocol of Daphne that this `send` is bound to; nothing where it is not Daphne's."""
    if not isinstance(send, partial) or len(send.args) != 1:
        return None
    protocol = send.args[0]
    names = ("transport", "state", "STATE_OPEN", "_perMessageCompress", "send_state", "SEND_STATE_GROUND")
    return protocol if all(hasattr(protocol, name) for name in names) else None


def waiting(protocol: Any) -> int:
    """Bytes that this socket has not taken yet."""
    transport = protocol.transport
    return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)


def hang_up(protocol: Any) -> None:
    """End the connection at once, with all that waits for it."""
    if protocol.transport is not None:
        protocol.transport.abortConnection()


def write(protocol: Any, frame: Frame) -> bool:
    """Write the frame, if this socket can take it as it is; returns whether it did.

    Where nothing waits before it, it goes to the system at once: Twisted's `write` would have the event loop watch the
    socket and then not watch it again, for each frame.
    """
    if (
        protocol.state != protocol.STATE_OPEN
        or protocol._perMessageCompress is not None
        or protocol.send_state != protocol.SEND_STATE_GROUND
        or protocol.transport is None
    ):
        return False
    transport, raw = protocol.transport, frame.raw
    if getattr(transport, "dataBuffer", None) == b"" and not transport._tempDataBuffer and transport.connected:
        sent = transport.writeSomeData(raw)
        if isinstance(sent, int) and sent >= 0:
            raw = raw[sent:]
    if raw:
        transport.write(raw)
    return True

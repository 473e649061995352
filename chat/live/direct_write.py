"""One frame for many sockets, written once.

Under Daphne every message that an application sends is checked, encoded and framed for its one socket: most of the
cost of telling two hundred people the same. A WebSocket frame from a server is the same bytes for everyone, so it is
built once here and written to the transport behind Daphne's `send`. Where something differs from Daphne
(another server, a compressed socket, one that is closing), or with `CHAT_DIRECT_WRITES=0`, the frame goes the ordinary
way; the tests of the servers run with both.
"""

import struct
from functools import partial
from typing import Any

from django.conf import settings

_TEXT = 0x81  # one whole frame of text
_SHORT, _LONG = 125, 0xFFFF
# the parts of Daphne 4.2 and Autobahn that are used here and in `intake`
_NAMES = (
    *("transport", "state", "STATE_OPEN", "_perMessageCompress", "send_state", "SEND_STATE_GROUND"),
    *("dataReceived", "onFrameBegin", "application_queue"),
)


class SharedFrame:
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
        """The same frame as a message of ASGI."""
        return {"type": "websocket.send", "text": self.text}


def protocol_behind(send: Any) -> Any:
    """The protocol of Daphne that this `send` is bound to; None where it is not Daphne's."""
    if not isinstance(send, partial) or len(send.args) != 1:
        return None
    protocol = send.args[0]
    return protocol if all(hasattr(protocol, name) for name in _NAMES) else None


class DirectWriter:
    """Writes whole frames to one socket of Daphne."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol if settings.CHAT_DIRECT_WRITES else None

    def write(self, raw: bytes) -> bool:
        """Write one or more whole frames, if this socket can take them so; returns whether it did.

        Where nothing waits before them, they go to the system at once: Twisted's `write` would have the event loop
        watch the socket and then not watch it again, for each frame.
        """
        protocol = self._protocol
        if (
            protocol is None
            or protocol.state != protocol.STATE_OPEN
            # compression depends on what this very socket was sent before, so its bytes are not everyone's
            or protocol._perMessageCompress is not None
            or protocol.send_state != protocol.SEND_STATE_GROUND
            or protocol.transport is None
        ):
            return False
        transport = protocol.transport
        # only if nothing waits: bytes that go past Twisted's buffers would overtake those in them
        if getattr(transport, "dataBuffer", None) == b"" and not transport._tempDataBuffer and transport.connected:
            sent = transport.writeSomeData(raw)
            # for a lost connection `sent` is an exception: then `write` below lets Twisted notice it
            if isinstance(sent, int) and sent >= 0:
                raw = raw[sent:]
        if raw:
            transport.write(raw)
        return True

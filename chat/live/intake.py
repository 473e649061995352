"""What arrives at one socket, counted where it is read from the network, before it becomes messages.

Daphne puts every message into a queue without limit, and does not pass on pings and parts of messages at all. So the
bytes and frames are counted as they are parsed, and the transport is paused while the person is above their pace or
the consumer is behind: what they send then stays with them. One read of the network may bring thousands of small
frames, which would hold the event loop for a second; so what was read is parsed in slices, and no further than allowed.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from chat.live.admission import Admission
from chat.live.flow import Flow

MAX_QUEUED = 50  # messages that wait for the consumer
SLICE = 2048  # bytes parsed at once: at most 341 frames, since the shortest has six

OnExcess = Callable[[float], None]


class Intake:
    """Counts what one socket of Daphne sends, by taking the place of two methods of its protocol."""

    __slots__ = ("_admission", "_flow", "_frames", "_hold", "_is_behind", "_on_excess", "_protocol", "_unparsed")

    def __init__(self, protocol: Any, admission: Admission, flow: Flow, on_excess: OnExcess) -> None:
        self._protocol, self._admission, self._flow, self._on_excess = protocol, admission, flow, on_excess
        self._frames = 0  # that began in the bytes which are parsed now
        self._unparsed = b""  # read from the network, for later
        self._hold: asyncio.TimerHandle | None = None
        self._is_behind = False
        protocol.dataReceived = self._receive
        protocol.onFrameBegin = self._count

    def _receive(self, data: bytes) -> None:
        self._unparsed = self._unparsed + data if self._unparsed else data
        self._parse()

    def _parse(self) -> None:
        """Parse what was read, as far as the person's pace and the consumer allow."""
        while self._unparsed and self._may_read:
            part, self._unparsed = self._unparsed[:SLICE], self._unparsed[SLICE:]
            self._frames = 0
            # Daphne's own method, from the class: on the object this name is `_receive`
            type(self._protocol).dataReceived(self._protocol, part)
            if seconds := self._admission.arrived(len(part), monotonic(), self._frames):
                self._pause_reading(seconds)
                self._on_excess(seconds)
            if not self._is_behind and self._queued() > MAX_QUEUED:
                self._is_behind = True
                self._flow.pause()

    @property
    def _may_read(self) -> bool:
        return self._hold is None and not self._is_behind

    def _count(self) -> None:
        self._frames += 1
        type(self._protocol).onFrameBegin(self._protocol)

    def _queued(self) -> int:
        return int(self._protocol.application_queue.qsize())

    def _pause_reading(self, seconds: float) -> None:
        """Read nothing for so long; a new hold takes the place of the last one."""
        self._flow.pause()
        if self._hold is not None:
            self._hold.cancel()
        self._hold = asyncio.get_running_loop().call_later(seconds, self._end_hold)

    def _end_hold(self) -> None:
        self._hold = None
        self._read_on()

    def message_processed(self) -> None:
        """The consumer has dealt with a message: read on once it is no longer behind."""
        # half the limit, so that reading does not pause and resume with each message
        if self._is_behind and self._queued() <= MAX_QUEUED // 2:
            self._is_behind = False
            self._read_on()

    def _read_on(self) -> None:
        self._parse()
        if self._may_read:
            self._flow.resume()

    def end(self) -> None:
        """The socket is gone: give the protocol its methods back, so that nothing keeps it in memory."""
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._unparsed = b""
        for name in ("dataReceived", "onFrameBegin"):
            self._protocol.__dict__.pop(name, None)

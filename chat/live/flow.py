"""How much a socket has to take yet, and how to stop reading from it. Under Daphne; elsewhere the server does it."""

from typing import Any


class Flow:
    """The transport of one socket."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @property
    def _transport(self) -> Any:
        return self._protocol.transport if self._protocol is not None else None

    @property
    def is_gone(self) -> bool:
        """Whether the other end is known to have gone."""
        return self._protocol is not None and self._protocol.state != self._protocol.STATE_OPEN

    @property
    def unsent(self) -> int:
        """Bytes that the socket has not taken yet."""
        transport = self._transport
        return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)

    def pause(self) -> None:
        """Read nothing more: what the other end sends stays with it."""
        if self._transport is not None:
            self._transport.pauseProducing()

    def resume(self) -> None:
        if self._transport is not None and not self.is_gone:
            self._transport.resumeProducing()

    def abort(self) -> bool:
        """End the connection at once, with all that is unsent; returns whether there was one to end."""
        if self._transport is None:
            return False
        self._transport.abortConnection()
        return True

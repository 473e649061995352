"""The latest frames of a room, ready to be sent again to people who come back."""

from bisect import bisect_right
from collections.abc import Sequence
from time import monotonic

from chat.live.direct_write import SharedFrame

MAX_FRAMES = 500
MAX_CHARACTERS = 512 * 1024
MAX_SECONDS = 300.0  # then they are read anew: names and pictures of people may have changed

Placed = tuple[int, SharedFrame]  # a frame with its position in the room

# a frame that takes back what an older frame says
_TAKES_BACK = ('{"type":"edited"', '{"type":"deleted"')


class RecentFrames:
    """All frames of a room after `start`, up to the last one that was added.

    What is edited or deleted must not be sent again as it was, so everything before such an event is dropped.
    """

    def __init__(self, position: int) -> None:
        self.generation = 0  # changes whenever frames are dropped as outdated
        self._clear(position)

    def _clear(self, position: int) -> None:
        self.start = self.end = position
        self._positions: list[int] = []
        self._frames: list[SharedFrame] = []
        self._characters = 0
        self._since = monotonic()
        self.generation += 1

    def add(self, position: int, frame: SharedFrame) -> None:
        """The next frame of the room."""
        if frame.text.startswith(_TAKES_BACK):
            self._clear(position - 1)
        self._positions.append(position)
        self._frames.append(frame)
        self._characters += len(frame.text)
        self.end = position
        while len(self._frames) > MAX_FRAMES or self._characters > MAX_CHARACTERS:
            self.start = self._positions.pop(0)
            self._characters -= len(self._frames.pop(0).text)

    def after(self, position: int) -> list[Placed] | None:
        """The frames after this position; None where older ones are missing here."""
        if self._frames and monotonic() - self._since > MAX_SECONDS:
            self._clear(self.end)
        if position < self.start:
            return None
        place = bisect_right(self._positions, position)
        return list(zip(self._positions[place:], self._frames[place:], strict=True))

    def add_older(self, start: int, end: int, frames: Sequence[Placed], generation: int) -> None:
        """Frames after `start` up to `end` as the database has them, if they reach what is here and find room.

        `generation` is that from before they were read: what was dropped meanwhile must not come back.
        """
        older = [(position, frame) for position, frame in frames if position <= self.start]
        characters = sum(len(frame.text) for _position, frame in older)
        has_room = len(older) + len(self._frames) <= MAX_FRAMES and characters + self._characters <= MAX_CHARACTERS
        if generation != self.generation or end < self.start or start >= self.start or not has_room:
            return
        self._positions[:0] = [position for position, _frame in older]
        self._frames[:0] = [frame for _position, frame in older]
        self._characters += characters
        self.start = start

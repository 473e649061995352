"""Rate limit of what one person sends to this process, over all their sockets.

Everything costs tokens, of which a person gets so many a second, for all their sockets together: each frame one (pings
and parts of messages too), a frame that asks much of the database or is refused five to ten. Who has none left is not
read further until there are some (`chat.live.intake`); who goes on like that for ten seconds, or sends at once what
would take ten seconds, is cut off. The pace of messages is a rule of its own, kept where they are stored
(`chat.rooms.pace`): a message refused by it costs nothing here, so that nobody is held back twice.
"""

from django.conf import settings

from chat.rooms.pace import Bucket

TOKENS_A_SECOND, TOKENS_AT_ONCE = 50, 200  # at least; more where the settings allow more messages
BYTES_A_SECOND, BYTES_AT_ONCE = 256 * 1024, 2 * 1024 * 1024
REFUSED = 9  # tokens that a refused frame takes beyond its one
FLOOD = 10.0  # seconds above the pace, after which a person is cut off
CALM = 2.0  # seconds after a hold; who sends nothing too much in them begins anew
WARN_EVERY = 1.0  # seconds
MAX_UNSTORED = 100  # messages of one person that wait to be stored


class Admission:
    __slots__ = ("_bytes", "_flood_since", "_held_until", "_tokens", "_warned_at", "unstored")

    def __init__(self) -> None:
        self._tokens = Bucket(
            max(TOKENS_A_SECOND, 2 * settings.CHAT_PER_SECOND), max(TOKENS_AT_ONCE, 2 * settings.CHAT_BURST)
        )
        self._bytes = Bucket(BYTES_A_SECOND, BYTES_AT_ONCE)
        self._flood_since = self._held_until = self._warned_at = 0.0
        self.unstored = 0  # messages that are being stored

    def arrived(self, size: int, now: float, count: int = 1) -> float:
        """Count frames of so many bytes; returns the seconds to wait before more is read, 0 for none."""
        self._tokens.take(now, count)
        self._bytes.take(now, size)
        seconds = max(self._tokens.missing(now), self._bytes.missing(now))
        if seconds:
            if now > self._held_until + CALM:
                self._flood_since = now
            self._held_until = max(self._held_until, now + seconds)
        return seconds

    def charge(self, now: float, tokens: int) -> None:
        """The frame that arrived last asks much of the database, or was refused: it takes so many more."""
        self._tokens.take(now, tokens)

    def is_flood(self, now: float) -> bool:
        """Return whether the person floods the server: more than ten seconds of debt, or in debt for ten seconds."""
        if self._held_until - now > FLOOD:
            return True
        return now <= self._held_until and now - self._flood_since > FLOOD

    def is_warned(self, now: float) -> bool:
        """Return whether the person was warned in the last second; if not, count this as the warning."""
        warned = now - self._warned_at <= WARN_EVERY
        if not warned:
            self._warned_at = now
        return warned

    @property
    def is_full(self) -> bool:
        return self.unstored >= MAX_UNSTORED

"""How fast a person may write: so many messages a second, and so many at once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from chat.rooms.frames import ChatError


def counted_period() -> timedelta:
    """How far back earlier messages count."""
    # The bucket is taken for full at the start of this period, and an empty one fills in half of it.
    # So someone who never stops may send up to 1.5 times CHAT_PER_SECOND.
    return timedelta(seconds=2 * settings.CHAT_BURST / settings.CHAT_PER_SECOND)


def seconds_to_wait(times: Iterable[datetime], now: datetime) -> float:
    """Seconds until someone who wrote at these times may write again; 0 for at once."""
    # counted from stored messages, not in memory: the limit holds over all processes, pages and the API
    bucket = Bucket(settings.CHAT_PER_SECOND, settings.CHAT_BURST)
    for instant in times:
        bucket.take(instant.timestamp())
    return bucket.missing(now.timestamp())


def too_fast(seconds: float) -> ChatError:
    return ChatError("rate_limited", _("You write too fast. Wait a moment."), max(0.05, round(seconds, 2)))


class Bucket:
    """A bucket of `burst` tokens that fills at `rate` tokens a second."""

    __slots__ = ("burst", "left", "rate", "seen")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.left, self.seen = float(burst), 0.0

    def _fill(self, now: float) -> None:
        if self.seen:
            self.left = min(self.burst, self.left + max(0.0, now - self.seen) * self.rate)
        self.seen = now

    def take(self, now: float, amount: float = 1) -> None:
        self._fill(now)
        self.left -= amount

    def missing(self, now: float) -> float:
        """Seconds until there is a token; 0 where there is one."""
        self._fill(now)
        return 0.0 if self.left >= 1 else (1 - self.left) / self.rate

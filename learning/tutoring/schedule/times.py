"""From local times of weekly rules to instants. Nothing here asks the database.

A rule is local time in the zone of its project. A time that does not exist, when clocks go forward, is moved forward by
the gap (02:30 becomes 03:30); of a time that comes twice the first is meant. This is what `fold=0` of PEP 495 says.
Lengths are added to the instant, so a lesson lasts as long as it says, also over a change of clocks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Slot:
    """One lesson of a week; weekday 0 is Monday."""

    number: int
    weekday: int
    at: time
    minutes: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a weekly rule says from a day on."""

    from_date: date
    until: date | None  # the last day
    every: int  # weeks, counted from the week of `from_date`
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A lesson that a rule makes: its key in the rule, and its time."""

    day: date  # local
    slot: int
    starts_at: datetime
    ends_at: datetime

    @property
    def key(self) -> tuple[date, int]:
        return self.day, self.slot

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds() // 60)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, of a local day and time."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _dates(version: Version, slot: Slot, first: date, last: date) -> Iterator[date]:
    """The days of one slot from `first` to `last`, both included."""
    step = WEEK * version.every
    day = monday_of(version.from_date) + timedelta(days=slot.weekday)
    if day < first:
        # whole steps forward at once: a rule may be years old
        day += step * -((day - first) // step)
    while day <= last:
        yield day
        day += step


def occurrences(versions: Sequence[Version], zone: ZoneInfo, first: date, last: date) -> list[Occurrence]:
    """Return the lessons of one rule from `first` to `last`, both included, in order of time.

    `versions` are those of one rule in their order; each counts until the next begins.
    """
    found = []
    for version, following in zip(versions, [*versions[1:], None], strict=True):
        begins = max(first, version.from_date)
        ends = min(last, version.until) if version.until else last
        if following is not None:
            ends = min(ends, following.from_date - timedelta(days=1))
        for slot in version.slots:
            for day in _dates(version, slot, begins, ends):
                start = instant_of(day, slot.at, zone)
                found.append(Occurrence(day, slot.number, start, start + timedelta(minutes=slot.minutes)))
    return sorted(found, key=lambda one: (one.starts_at, one.slot))


def changed_clocks(instants: Iterable[datetime], there: ZoneInfo) -> list[tuple[date, time]]:
    """Return when the hour of someone in `there` changes: (day in `there`, new local time), oldest first.

    `instants` are lessons at one local time of another zone. The first of them is no change.
    """
    changes: list[tuple[date, time]] = []
    before: time | None = None
    for instant in sorted(instants):
        local = instant.astimezone(there)
        now = local.time().replace(tzinfo=None)
        if before is not None and now != before:
            changes.append((local.date(), now))
        before = now
    return changes

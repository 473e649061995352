"""When a card is asked again: FSRS 6, with what the library leaves open decided here.

- Its fuzz takes the global random numbers; ours depends on the card and the day alone, so that the log of reviews
  always gives the same dates.
- It accepts any wanted retention and unbounded intervals; we bound both.
"""

import zlib
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import fsrs

from learning.vocabulary.models.cards import MOST_DAYS, Card, DeckSettings
from learning.vocabulary.reviews.settings import local_day, zone_of

LEAST_RETENTION, MOST_RETENTION = 0.70, 0.97
SLIPPED = 0.75  # who remembers less than this is slipping
SPREAD = 0.05  # of an interval: cards that were learned together part
SHORTEST_SPREAD = 4  # days: a shorter interval is kept as it is


@dataclass(frozen=True, slots=True)
class Rules:
    """What a learner's settings mean for dates."""

    retention: float = 0.9
    easy_days: frozenset[int] = field(default_factory=frozenset)  # weekdays in the zone of the learner
    zone: tzinfo = UTC

    @classmethod
    def of(cls, settings: DeckSettings) -> "Rules":
        return cls(
            min(MOST_RETENTION, max(LEAST_RETENTION, settings.retention)),
            frozenset(day for day in settings.easy_days if day in range(7)),
            zone_of(settings.owner),
        )

    def day(self, at: datetime) -> date:
        """The learner's day in which this moment is."""
        return local_day(at, self.zone)


@lru_cache(maxsize=64)
def scheduler(retention: float) -> fsrs.Scheduler:
    """The scheduler of FSRS for this wanted retention, without its own fuzz."""
    return fsrs.Scheduler(desired_retention=retention, maximum_interval=MOST_DAYS, enable_fuzzing=False)


def review(card: Card, rating: int, at: datetime, rules: Rules) -> int:
    """Move the card by one answer; returns the days of its next interval, 0 for minutes. Saves nothing."""
    at = at.astimezone(UTC)
    was = card.state
    moved, _log = scheduler(rules.retention).review_card(_as_fsrs(card), fsrs.Rating(rating), at)
    card.state, card.step = int(moved.state), moved.step
    card.stability, card.difficulty, card.last_review = moved.stability, moved.difficulty, at
    days = (moved.due - at).days
    if card.state == Card.State.REVIEW:
        days = _spread(card, at, days, rules)
        card.due = at + timedelta(days=days)
    else:
        days, card.due = 0, moved.due
    if was == Card.State.REVIEW and rating == fsrs.Rating.Again:
        card.lapses += 1
    card.slips_at = slips_at(card.stability, at)
    return days


def _as_fsrs(card: Card) -> fsrs.Card:
    return fsrs.Card(
        card_id=card.pk or 0,
        state=fsrs.State(card.state or fsrs.State.Learning),
        step=0 if card.state == Card.State.NEW else card.step,
        stability=card.stability,
        difficulty=card.difficulty,
        due=card.due.astimezone(UTC),
        last_review=card.last_review.astimezone(UTC) if card.last_review else None,
    )


def _spread(card: Card, at: datetime, days: int, rules: Rules) -> int:
    """An interval near this one, chosen by card and day; one that does not end on an easy day where there is one."""
    if days < SHORTEST_SPREAD:
        return days
    room = max(1, round(days * SPREAD))
    choices = [day for day in range(days - room, days + room + 1) if day <= MOST_DAYS]
    first = zlib.crc32(f"{card.lexeme_id}/{card.kind}/{rules.day(at)}".encode()) % len(choices)
    in_order = choices[first:] + choices[:first]
    busy = [day for day in in_order if rules.day(at + timedelta(days=day)).weekday() not in rules.easy_days]
    return (busy or in_order)[0]


@lru_cache(maxsize=1)
def _days_per_stability() -> float:
    """After stability times this many days the chance to remember is `SLIPPED`.

    From the forgetting curve of FSRS 6: R = (1 + factor * days / stability) ** decay, where
    factor = 0.9 ** (1 / decay) - 1 (https://github.com/open-spaced-repetition/fsrs4anki/wiki/The-Algorithm).
    """
    decay = -fsrs.Scheduler().parameters[20]
    factor = 0.9 ** (1 / decay) - 1
    return float((SLIPPED ** (1 / decay) - 1) / factor)


def slips_at(stability: float | None, last_review: datetime) -> datetime | None:
    """When a card of this stability is remembered less than three times of four."""
    if stability is None:
        return None
    return last_review + timedelta(days=min(stability * _days_per_stability(), 10 * MOST_DAYS))


def previews(card: Card, now: datetime, rules: Rules) -> dict[int, timedelta]:
    """After how long the card would come again, by rating."""
    found = {}
    for rating in fsrs.Rating:
        moved = copy(card)
        review(moved, rating, now, rules)
        found[int(rating)] = moved.due - now
    return found

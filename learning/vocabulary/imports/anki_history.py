"""How far someone has learned words in Anki, from the cards and the log of a package (schema 11).

The tables are described at https://github.com/ankidroid/Anki-Android/wiki/Database-Structure. Days of due dates count
from the creation of the collection, intervals are in days (below zero: seconds), an ease of 2500 is 250 %.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports.anki import Package, plain_text

FIELDS = 2  # of a note: a word and its meaning, in whichever order
LONGEST = 400  # characters of a field that are looked at
MOST_CARDS = 20_000  # as a deck has here
MOST_ANSWERS = 1_000_000  # of the log
REVIEW, MANUAL, CRAM = 2, 4, 3  # the type of a card under review; the types of log rows that rate nothing
FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class OldCard:
    """A card of a package: the fields of its note, its template, and what it remembers."""

    fields: list[str]  # the first two of its note
    template: int  # 0 asks for the second field by the first, in nearly all kinds of notes
    is_in_review: bool
    due: datetime | None  # of a card under review
    interval: int  # days
    ease: float  # 2.5 is what Anki begins with
    lapses: int
    answers: list[tuple[datetime, int]] = field(default_factory=list)  # when, and how it was rated: 1 to 4


def old_cards(package: Package, now: datetime) -> Iterator[OldCard]:
    """The cards of a package that were answered, or have an interval. Raises VocabularyError."""
    created = _moment(next(iter(package.ask("SELECT crt FROM col")), (0,))[0], now)
    question = "SELECT id, nid, ord, type, due, ivl, factor, lapses FROM cards ORDER BY id LIMIT ?"
    rows = list(package.ask(question, MOST_CARDS + 1))
    if len(rows) > MOST_CARDS:
        raise VocabularyError("full", _("The package has more than %(n)d cards.") % {"n": MOST_CARDS})
    answers = _answers(package, {row[0] for row in rows}, now)
    notes = dict(package.ask("SELECT id, flds FROM notes"))
    cells: dict[int, list[str]] = {}  # of each note once, however many cards it has
    for row in rows:
        if not all(isinstance(value, int) for value in row):
            continue
        pk, note, template, kind, due, interval, ease, lapses = row
        if note not in notes or not (answers[pk] or kind == REVIEW):
            continue
        if note not in cells:
            cells[note] = [plain_text(cell[:LONGEST]) for cell in str(notes[note]).split("\x1f", FIELDS)[:FIELDS]]
        is_in_review = kind == REVIEW and interval > 0
        yield OldCard(
            fields=cells[note],
            template=template,
            is_in_review=is_in_review,
            due=_day(created, due) if is_in_review else None,
            interval=max(0, interval),
            ease=ease / 1000,
            lapses=min(max(0, lapses), 1000),
            answers=sorted(answers[pk]),
        )


def _answers(package: Package, cards: set[Any], now: datetime) -> dict[Any, list[tuple[datetime, int]]]:
    found: dict[Any, list[tuple[datetime, int]]] = defaultdict(list)
    log = package.ask("SELECT id, cid, ease, factor, type FROM revlog LIMIT ?", MOST_ANSWERS)
    for at, card, rating, factor, kind in log:
        rates = kind != MANUAL and not (kind == CRAM and factor == 0)
        if card in cards and rates and rating in {1, 2, 3, 4} and isinstance(at, int):
            moment = _moment(at / 1000, now)
            if moment > FIRST_MOMENT:
                found[card].append((moment, int(rating)))
    return found


def _moment(seconds: Any, now: datetime) -> datetime:
    """A moment of the past; the year 2000 for what is none."""
    try:
        return min(now, max(FIRST_MOMENT, datetime.fromtimestamp(float(seconds), UTC)))
    except (ValueError, OverflowError, OSError, TypeError):
        return FIRST_MOMENT


def _day(created: datetime, days: int) -> datetime:
    return created + timedelta(days=min(max(0, days), 36_500))

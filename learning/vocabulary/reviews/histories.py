"""Brings along what somebody has learned in Anki: states of FSRS, from the log of answers where there is one."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import fsrs
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.folding import fold
from learning.vocabulary.imports import anki
from learning.vocabulary.imports.anki_history import FIELDS, OldCard, old_cards
from learning.vocabulary.models import AnkiHistory, Card, CardKind, Language, Lexeme, Review, State
from learning.vocabulary.models.cards import MOST_DAYS, SCHEDULING, scheduling_of, set_scheduling
from learning.vocabulary.reviews import scheduling
from learning.vocabulary.reviews.deck import FULL, MOST_CARDS
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import deck_settings

Step = AnkiHistory.State
BATCH = 500
KEPT = timedelta(days=1)  # a package that nobody has read
UNREAD = _("The package could not be read.")
SHOWN = 5  # packages whose reports are shown
MOST_NAMED = 50  # words that a report names
LONGEST_NAME = 60
RETENTION_OF_ANKI = 0.9  # that an interval of Anki is taken to have been chosen for


@dataclass(slots=True)
class Report:
    """What became of the cards of a package."""

    counts: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)  # the first words that the dictionary does not have
    seen: set[tuple[int, str]] = field(default_factory=set)  # words and kinds of question that had a card

    def as_stored(self) -> dict[str, Any]:
        return {"counts": dict(self.counts), "unknown": self.unknown}


@dataclass(frozen=True, slots=True)
class _Found:
    """A card of the package, and what it becomes."""

    lexeme: Lexeme
    kind: str
    memory: Card  # not stored

    @property
    def key(self) -> tuple[int, str]:
        return self.lexeme.pk, self.kind


def bring(*, owner: User, language: Language, cards: Iterable[OldCard], now: datetime) -> Report:
    """Give the learner's cards the memory of these; a card that was answered here keeps its own. Again is harmless.

    Raises VocabularyError where the deck has no room, or the account was closed meanwhile.
    """
    report = Report()
    rules = Rules.of(deck_settings(owner))
    rest = iter(cards)
    while part := list(islice(rest, BATCH)):
        found = []
        for lexeme, kind, old in _matched(language, part, report):
            if (lexeme.pk, kind) in report.seen:
                report.counts["double"] += 1
                continue
            report.seen.add((lexeme.pk, kind))
            memory = Card(added_at=now)
            remember(memory, old, rules, now)
            found.append((_Found(lexeme, kind, memory), "from_log" if old.answers else "from_interval"))
        report.counts += _store(owner, found, now)
    return report


@transaction.atomic
def _store(owner: User, found: list[tuple[_Found, str]], now: datetime) -> Counter[str]:
    if User.objects.select_for_update().get(pk=owner.pk).anonymised_at is not None:
        raise VocabularyError("gone", _("This account is closed."))
    ids = {one.lexeme.pk for one, _from in found}
    rows = Card.objects.select_for_update().filter(owner=owner, lexeme__in=ids).order_by("pk")
    own = {(card.lexeme_id, card.kind): card for card in rows}
    answers = Review.objects.filter(card__in=[card.pk for card in own.values()], undone_at=None, is_practice=False)
    answered = set(answers.values_list("card", flat=True))
    counts: Counter[str] = Counter()
    new: list[Card] = []
    changed: list[Card] = []
    for one, whence in found:
        card = own.get(one.key) or Card(owner=owner, lexeme=one.lexeme, kind=one.kind, added_at=now)
        if card.pk in answered:
            counts["answered_here"] += 1
            continue
        counts[whence] += 1
        card.start = scheduling_of(one.memory)
        set_scheduling(card, card.start)
        card.forgiven = one.memory.forgiven
        (new if card.pk is None else changed).append(card)
    if new and Card.objects.filter(owner=owner).count() + len(new) > MOST_CARDS:
        raise VocabularyError("full", FULL)
    Card.objects.bulk_create(new)
    Card.objects.bulk_update(changed, ["start", "forgiven", *SCHEDULING], batch_size=100)
    return counts


def _matched(language: Language, part: list[OldCard], report: Report) -> list[tuple[Lexeme, str, OldCard]]:
    """The words that these cards are about: the first field that is one of the dictionary, with its article or not."""
    spellings = {spelling for card in part for text in card.fields for spelling in _spellings(language, text)}
    rows = Lexeme.objects.filter(language=language, state=State.APPROVED, folded__in=spellings).order_by("-pk")
    # of homographs the oldest
    known = {row.folded: row for row in rows}
    found = []
    for card in part:
        place, lexeme = next(
            (
                (number, known[spelling])
                for number, text in enumerate(card.fields)
                for spelling in _spellings(language, text)
                if spelling in known
            ),
            (0, None),
        )
        if lexeme is None:
            report.counts["unknown"] += 1
            name = next((text for text in card.fields if text), "")[:LONGEST_NAME]
            if name not in report.unknown and len(report.unknown) < MOST_NAMED:
                report.unknown.append(name)
        elif card.template >= FIELDS:
            report.counts["other_question"] += 1
        else:
            asks_for_meaning = place == card.template
            kind = CardKind.RECOGNISE if asks_for_meaning else CardKind.PRODUCE
            found.append((lexeme, str(kind), card))
    return found


def _spellings(language: Language, text: str) -> list[str]:
    """The folded text, and the same without its article."""
    whole = fold(text)
    if not whole:
        return []
    found = [whole]
    for article in language.articles.values():
        before = f"{fold(article)} "
        if fold(article) and whole.startswith(before):
            found.append(whole.removeprefix(before))
    return found


def remember(card: Card, old: OldCard, rules: Rules, now: datetime) -> None:
    """Give a card the memory of an old one. Saves nothing."""
    if old.answers:
        logs = [fsrs.ReviewLog(0, fsrs.Rating(rating), at, None) for at, rating in old.answers]
        moved = scheduling.scheduler(rules.retention).reschedule_card(fsrs.Card(card_id=0), logs)
        card.state, card.step = int(moved.state), moved.step
        card.stability, card.difficulty = moved.stability, moved.difficulty
        card.last_review, card.due = moved.last_review, moved.due
    else:
        days = min(max(1, old.interval), MOST_DAYS)
        due = old.due or now
        card.state, card.step = Card.State.REVIEW, None
        card.stability, card.difficulty = float(days), difficulty_of(old.ease, days)
        card.last_review = min(now, due - timedelta(days=days))
        card.due = max(card.last_review, min(due, now + timedelta(days=MOST_DAYS))).astimezone(UTC)
    card.lapses = old.lapses
    card.forgiven = old.lapses  # what was forgotten elsewhere sets no card apart here
    card.slips_at = scheduling.slips_at(card.stability, card.last_review) if card.last_review else None


def difficulty_of(ease: float, stability: float) -> float:
    """The difficulty of FSRS, 1 to 10, that makes an interval grow by this ease.

    The formula is `memory_state_from_sm2` of fsrs-rs: the growth of stability after “good”, solved for the difficulty.
    """
    w = fsrs.Scheduler().parameters
    growth = math.exp(w[8]) * stability ** -w[9] * math.expm1((1 - RETENTION_OF_ANKI) * w[10])
    return min(10.0, max(1.0, 11 - (ease - 1) / growth))


def read_package(*, history_id: int) -> int:
    """Read a package that waits, and store its report; returns how many cards have got a memory."""
    row = AnkiHistory.objects.select_related("owner", "language").filter(pk=history_id, state=Step.WAITING).first()
    if row is None or not row.file:
        return 0
    now = timezone.now()
    try:
        with anki.opened(Path(row.file.path)) as package:
            report = bring(owner=row.owner, language=row.language, cards=old_cards(package, now), now=now)
    except (VocabularyError, OSError, ValueError, DatabaseError, RecursionError, OverflowError) as error:
        _end(row, state=Step.FAILED, problem=str(error if isinstance(error, VocabularyError) else UNREAD)[:500])
        return 0
    _end(row, state=Step.DONE, report=report.as_stored())
    return report.counts["from_log"] + report.counts["from_interval"]


def _end(row: AnkiHistory, **facts: Any) -> None:
    """Store what became of a package before its file goes: a worker that dies between leaves no package that waits."""
    AnkiHistory.objects.filter(pk=row.pk).update(**facts)
    row.file.delete(save=False)
    AnkiHistory.objects.filter(pk=row.pk).update(file="")


def forget_packages() -> int:
    """Give up packages that have waited for a day, and delete their files; returns how many."""
    old = list(AnkiHistory.objects.filter(made_at__lt=timezone.now() - KEPT, state=Step.WAITING))
    for row in old:
        _end(row, state=Step.FAILED, problem=str(UNREAD))
    return len(old)

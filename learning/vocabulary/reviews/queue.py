"""What is asked next, and how much there is today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery, in_one_trip
from learning.vocabulary.models import Card, CardKind, DeckSettings, Review
from learning.vocabulary.models.cards import CardQuerySet
from learning.vocabulary.reviews.card_rows import CARD_AND_WORD, as_cards
from learning.vocabulary.reviews.settings import day_of, zone_of
from learning.vocabulary.rows import padded

AHEAD = timedelta(minutes=20)  # a card of the first minutes is asked early rather than ending the session
SIZES = (1, 4, 20)  # how many cards the queries read: as few as are enough
AT_ONCE = SIZES[-1]  # cards that are given at once
EASY_SHARE = 2  # of an easy day: half of the cards
SECONDS_EACH = 8  # for which no answer has told better
State = Card.State
IN_STEPS = (State.LEARNING, State.RELEARNING)


@dataclass(frozen=True, slots=True)
class Today:
    """A learner's day in numbers."""

    due: int  # reviews that wait now, up to the ceiling of the day
    new: int  # new cards that may still come today
    waiting: int  # reviews above the ceiling, which come on the next days
    done: int  # answers of today
    reviews_left: int
    new_left: int
    minutes: int  # that `due` and `new` take, about

    @property
    def is_over(self) -> bool:
        return not self.due and not self.new


def today(owner: User, settings: DeckSettings, now: datetime | None = None) -> Today:
    """A learner's day; two queries in one round trip: the answers of the day, and the cards."""
    now = now or timezone.now()
    start, end = day_of(owner, now)
    with in_one_trip():
        answers = _answers.start(owner.pk, start)
        cards = _waiting.start(owner.pk, start, end)
    done, fresh, reviewed = next(iter(answers()), (0, 0, 0))
    waiting = dict(cards())
    waits = waiting.get(State.REVIEW, 0)
    share = EASY_SHARE if settings.is_easy(start.astimezone(zone_of(owner)).weekday()) else 1
    reviews_left = max(0, settings.reviews_a_day // share - reviewed)
    new_left = max(0, settings.new_a_day // share - fresh)
    due = sum(waiting.get(state, 0) for state in IN_STEPS) + min(waits, reviews_left)
    new = min(waiting.get(State.NEW, 0), new_left)
    return Today(
        due=due,
        new=new,
        waiting=max(0, waits - reviews_left),
        done=done,
        reviews_left=reviews_left,
        new_left=new_left,
        minutes=-(-(due + 2 * new) * SECONDS_EACH // 60),
    )


_answers = CompiledQuery(
    lambda owner, start: (
        Review.objects.filter(owner=owner, at__gte=start, undone_at=None, is_practice=False)
        .order_by()
        .values("owner")
        .annotate(
            done=Count("pk"),
            fresh=Count("pk", filter=Q(was=State.NEW)),
            reviewed=Count("pk", filter=Q(was=State.REVIEW)),
        )
        .values_list("done", "fresh", "reviewed")
    )
)
_waiting = CompiledQuery(
    lambda owner, start, end: _by_state(_due(owner, end), Count("pk")).union(
        _by_state(_unseen(owner, start, end), Count("lexeme", distinct=True)), all=True
    )
)
_due_alone = CompiledQuery(lambda owner, end: _by_state(_due(owner, end), Count("pk")))


def _by_state(cards: CardQuerySet, number: Count) -> QuerySet[Any, Any]:
    return cards.order_by().values("state").annotate(n=number).values_list("state", "n")


def _due(owner: int, end: datetime) -> CardQuerySet:
    """Cards that were met before and are due in this day."""
    # the states by name: so the index of owner, state and time finds them
    return Card.objects.filter(owner=owner, state__in=[*IN_STEPS, State.REVIEW], due__lt=end).learned()


def _unseen(owner: int, start: datetime, end: datetime) -> CardQuerySet:
    """New cards of words that neither are asked nor were answered today: a word is met in one kind of card a day."""
    answered = Review.objects.filter(owner=owner, at__gte=start, undone_at=None, is_practice=False).order_by()
    waiting = _due(owner, end).order_by()
    # NOT IN, and not NOT EXISTS: the database then looks up the words of the day once, and not for each card
    return (
        Card.objects.filter(owner=owner, state=State.NEW)
        .learned()
        .exclude(lexeme__in=answered.values("card__lexeme"))
        .exclude(lexeme__in=waiting.values("lexeme"))
    )


def due_count(owner: User, now: datetime | None = None) -> int:
    """How many reviews wait today; one query, for pages that only name the number."""
    _start, end = day_of(owner, now or timezone.now())
    return sum(count for _state, count in _due_alone.rows(owner.pk, end))


def has_cards(owner: User) -> bool:
    """Whether the deck has any card that is asked, today or later."""
    return Card.objects.filter(owner=owner).learned().exists()


def next_cards(
    owner: User, day: Today, count: int, skip: Iterable[int] = (), now: datetime | None = None
) -> list[Card]:
    """The next cards in their order: those of the first minutes, reviews, new ones, those that are nearly due.

    `skip` are the cards that a browser holds already; they count among those of the day.
    Two queries in one round trip, and one more for new cards.
    """
    now = now or timezone.now()
    start, end = day_of(owner, now)
    held_ids = padded(skip)
    queries = _queries(next(most for most in SIZES if most >= count))
    with in_one_trip():
        held_rows = _held.start(owner.pk, held_ids) if any(held_ids) else list
        waiting_rows = queries.waiting.start(owner.pk, now + AHEAD, end, held_ids)
    held = held_rows()
    waiting = sorted(as_cards(waiting_rows()), key=lambda card: (card.due, card.pk))
    states = [state for state, _lexeme in held]
    reviews_left = max(0, day.reviews_left - states.count(State.REVIEW))
    new_left = day.new_left - states.count(State.NEW)
    steps = [card for card in waiting if card.state != State.REVIEW][:count]
    reviews = [card for card in waiting if card.state == State.REVIEW][:count]
    first = [card for card in steps if card.due <= now] + reviews[:reviews_left]
    early = [card for card in steps if card.due > now]
    if len(first) < count and new_left > 0:
        met = {lexeme for _state, lexeme in held} | {card.lexeme_id for card in first + early}
        new = as_cards(queries.new.rows(owner.pk, start, end, held_ids, padded(met)))
        first += _one_of_each_word(new, min(count - len(first), new_left))
    return (first + early)[:count]


_held = CompiledQuery(
    lambda owner, held: Card.objects.filter(owner=owner, pk__in=held).order_by().values_list("state", "lexeme")
)


class _Queries(NamedTuple):
    """The queries of `next_cards`: so many cards in steps and so many reviews, and new cards enough for so many."""

    waiting: CompiledQuery
    new: CompiledQuery


@lru_cache
def _queries(most: int) -> _Queries:
    def due(owner: int, held: list[int], **which: Any) -> CardQuerySet:
        rows = Card.objects.filter(owner=owner, **which).learned().exclude(pk__in=held)
        return first_of(rows.order_by("due", "pk")[:most]).order_by()

    def waiting(owner: int, soon: datetime, end: datetime, held: list[int]) -> QuerySet[Any, Any]:
        in_steps = due(owner, held, state__in=IN_STEPS, due__lte=soon)
        reviews = due(owner, held, state=State.REVIEW, due__lt=end)
        return in_steps.values_list(*CARD_AND_WORD).union(reviews.values_list(*CARD_AND_WORD), all=True)

    def new(owner: int, start: datetime, end: datetime, held: list[int], met: list[int]) -> QuerySet[Any, Any]:
        rows = _unseen(owner, start, end).exclude(pk__in=held).exclude(lexeme__in=met)
        few = first_of(rows.order_by("added_at", "pk")[: most * len(CardKind)])
        return few.order_by("added_at", "pk").values_list(*CARD_AND_WORD)

    def first_of(rows: CardQuerySet) -> CardQuerySet:
        # a subquery, so that only these few are joined with their words, and not all that wait
        return Card.objects.filter(pk__in=rows.values("pk"))

    return _Queries(CompiledQuery(waiting), CompiledQuery(new))


def _one_of_each_word(rows: Iterable[Card], count: int) -> list[Card]:
    chosen: dict[int, Card] = {}
    for card in rows:
        if len(chosen) == count:
            break
        chosen.setdefault(card.lexeme_id, card)
    return list(chosen.values())

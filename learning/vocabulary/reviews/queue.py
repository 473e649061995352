"""What is asked next, and how much there is today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.vocabulary.models import Card, CardKind, DeckSettings, Review
from learning.vocabulary.reviews.settings import day_of, zone_of

AHEAD = timedelta(minutes=20)  # a card of the first minutes is asked early rather than ending the session
EARLY = 2  # the rank of such a card
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
    seen: int  # cards that the deck has in all

    @property
    def is_over(self) -> bool:
        return not self.due and not self.new


def today(owner: User, settings: DeckSettings, now: datetime | None = None) -> Today:
    """Two queries: the answers of the day, and the cards."""
    now = now or timezone.now()
    start, end = day_of(owner, now)
    done, fresh, reviewed = next(iter(_answers.rows(owner.pk, start)), (0, 0, 0))
    steps, waits, unseen, seen = next(iter(_cards.rows(owner.pk, start, end)), (0, 0, 0, 0))
    share = EASY_SHARE if settings.is_easy(start.astimezone(zone_of(owner)).weekday()) else 1
    reviews_left = max(0, settings.reviews_a_day // share - reviewed)
    new_left = max(0, settings.new_a_day // share - fresh)
    due = steps + min(waits, reviews_left)
    new = min(unseen, new_left)
    return Today(
        due=due,
        new=new,
        waiting=max(0, waits - reviews_left),
        done=done,
        reviews_left=reviews_left,
        new_left=new_left,
        minutes=-(-(due + 2 * new) * SECONDS_EACH // 60),
        seen=seen,
    )


def _of_one(rows: QuerySet[Any], **counts: Count) -> QuerySet[Any, Any]:
    """These counts, in one row; no row where there is nothing to count."""
    return rows.order_by().values("owner").annotate(**counts).values_list(*counts)


_answers = CompiledQuery(
    lambda owner, start: _of_one(
        Review.objects.filter(owner=owner, at__gte=start, undone_at=None, is_practice=False),
        done=Count("pk"),
        fresh=Count("pk", filter=Q(was=State.NEW)),
        reviewed=Count("pk", filter=Q(was=State.REVIEW)),
    )
)
_cards = CompiledQuery(
    lambda owner, start, end: _of_one(
        Card.objects.filter(owner=owner).learned(),
        steps=Count("pk", filter=Q(state__in=IN_STEPS, due__lt=end)),
        waits=Count("pk", filter=Q(state=State.REVIEW, due__lt=end)),
        unseen=Count("lexeme", distinct=True, filter=Q(state=State.NEW) & ~_is_met(owner, start, end)),
        seen=Count("pk"),
    )
)


def _is_met(owner: int, start: datetime, end: datetime) -> Q:
    """Cards whose word is asked today in another kind of question, or was: a word is met in one kind a day."""
    answered = Review.objects.filter(owner=owner, at__gte=start, undone_at=None, card__lexeme=OuterRef("lexeme"))
    waiting = Card.objects.filter(owner=owner, due__lt=end, lexeme=OuterRef("lexeme")).exclude(state=State.NEW)
    return Q(Exists(answered.filter(is_practice=False))) | Q(Exists(waiting.learned()))


def due_count(owner: User, now: datetime | None = None) -> int:
    """How many reviews wait today; one query, for pages that only name the number."""
    _start, end = day_of(owner, now or timezone.now())
    return Card.objects.filter(owner=owner, due__lt=end).exclude(state=State.NEW).learned().count()


def next_cards(
    owner: User, day: Today, count: int, skip: Iterable[int] = (), now: datetime | None = None
) -> list[Card]:
    """The next cards in their order: those of the first minutes, reviews, new ones, those that are nearly due.

    `skip` are the cards that a browser holds already; they count among those of the day. Three queries at most.
    """
    now = now or timezone.now()
    start, end = day_of(owner, now)
    held_ids = list(skip)
    of_owner = Card.objects.filter(owner=owner)
    held = list(of_owner.filter(pk__in=held_ids).values_list("state", "lexeme")) if held_ids else []
    states = [state for state, _lexeme in held]
    reviews_left = day.reviews_left - states.count(State.REVIEW)
    new_left = day.new_left - states.count(State.NEW)
    rows = of_owner.learned().exclude(pk__in=held_ids).select_related("lexeme__language")
    cards = _waiting(rows, now, end, count, reviews_left)
    first: list[Card] = [card for card in cards if card.rank < EARLY]
    if len(first) < count and new_left > 0:
        met = {lexeme for _state, lexeme in held} | {card.lexeme_id for card in cards}
        new = rows.filter(~_is_met(owner.pk, start, end), state=State.NEW).exclude(lexeme__in=met)
        kinds = len(CardKind)
        first += _one_of_each_word(new.order_by("added_at", "pk")[: kinds * count], min(count - len(first), new_left))
    return (first + [card for card in cards if card.rank == EARLY])[:count]


def _waiting(rows: QuerySet[Card], now: datetime, end: datetime, count: int, reviews_left: int) -> list[Any]:
    """Cards of the first minutes, and as many reviews as the day has left; each with its `rank`."""
    wanted = Q(state__in=IN_STEPS, due__lte=now + AHEAD)
    if reviews_left > 0:
        wanted |= Q(state=State.REVIEW, due__lt=end)
    rank = Case(
        When(state__in=IN_STEPS, due__lte=now, then=Value(0)),
        When(state=State.REVIEW, then=Value(1)),
        default=Value(EARLY),
        output_field=IntegerField(),
    )
    cards = rows.filter(wanted).annotate(rank=rank).order_by("rank", "due", "pk")[:count]
    reviews = 0
    kept = []
    for card in cards:
        reviews += card.state == State.REVIEW
        if card.state != State.REVIEW or reviews <= reviews_left:
            kept.append(card)
    return kept


def _one_of_each_word(rows: Iterable[Card], count: int) -> list[Card]:
    chosen: dict[int, Card] = {}
    for card in rows:
        if len(chosen) == count:
            break
        chosen.setdefault(card.lexeme_id, card)
    return list(chosen.values())

"""What is asked next, and how much there is today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, Value, When
from django.utils import timezone

from learning.accounts.models import User
from learning.vocabulary.models import Card, DeckSettings, Review
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
    answers = Review.objects.filter(owner=owner, at__gte=start, undone_at=None, is_practice=False).aggregate(
        done=Count("pk"), fresh=Count("pk", filter=Q(was=State.NEW)), reviewed=Count("pk", filter=Q(was=State.REVIEW))
    )
    learned = Card.objects.filter(owner=owner).learned()
    cards = learned.aggregate(
        steps=Count("pk", filter=Q(state__in=IN_STEPS, due__lt=end)),
        due=Count("pk", filter=Q(state=State.REVIEW, due__lt=end)),
        new=Count("pk", filter=Q(state=State.NEW)),
        seen=Count("pk"),
    )
    share = EASY_SHARE if settings.is_easy(start.astimezone(zone_of(owner)).weekday()) else 1
    reviews_left = max(0, settings.reviews_a_day // share - answers["reviewed"])
    new_left = max(0, settings.new_a_day // share - answers["fresh"])
    due = cards["steps"] + min(cards["due"], reviews_left)
    new = min(cards["new"], new_left)
    return Today(
        due=due,
        new=new,
        waiting=max(0, cards["due"] - reviews_left),
        done=answers["done"],
        reviews_left=reviews_left,
        new_left=new_left,
        minutes=-(-(due + 2 * new) * SECONDS_EACH // 60),
        seen=cards["seen"],
    )


def due_count(owner: User, now: datetime | None = None) -> int:
    """How many reviews wait today; one query, for pages that only name the number."""
    _start, end = day_of(owner, now or timezone.now())
    return Card.objects.filter(owner=owner, due__lt=end).exclude(state=State.NEW).learned().count()


def next_cards(
    owner: User, day: Today, count: int, skip: Iterable[int] = (), now: datetime | None = None
) -> list[Card]:
    """The next cards in their order: those of the first minutes, reviews, new ones, those that are nearly due.

    One query, and one more where new cards are wanted.
    """
    now = now or timezone.now()
    start, end = day_of(owner, now)
    held = list(skip)
    rows = Card.objects.filter(owner=owner).learned().exclude(pk__in=held).select_related("lexeme__language")
    waiting = Q(state__in=IN_STEPS, due__lte=now + AHEAD)
    if day.reviews_left:
        waiting |= Q(state=State.REVIEW, due__lt=end)
    rank = Case(
        When(state__in=IN_STEPS, due__lte=now, then=Value(0)),
        When(state=State.REVIEW, then=Value(1)),
        default=Value(EARLY),
        output_field=IntegerField(),
    )
    cards: list[Any] = list(rows.filter(waiting).annotate(rank=rank).order_by("rank", "due", "pk")[:count])
    first: list[Card] = [card for card in cards if card.rank < EARLY]
    if len(first) < count and day.new_left:
        # a word is met in one kind of question a day
        met = Review.objects.filter(owner=owner, at__gte=start, undone_at=None, card__lexeme=OuterRef("lexeme"))
        # what a browser holds is about to be met
        met_soon = Card.objects.filter(owner=owner, pk__in=held).values("lexeme")
        new = rows.filter(~Exists(met), state=State.NEW).exclude(lexeme__in=met_soon).order_by("added_at", "pk")
        first += _one_of_each_word(new[: 3 * day.new_left], min(count - len(first), day.new_left))
    early = [card for card in cards if card.rank == EARLY]
    return (first + early)[:count]


def _one_of_each_word(rows: Iterable[Card], count: int) -> list[Card]:
    chosen: dict[int, Card] = {}
    for card in rows:
        if len(chosen) == count:
            break
        chosen.setdefault(card.lexeme_id, card)
    return list(chosen.values())

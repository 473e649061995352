"""What a learner's cards and answers say: coming days, retention, known words. Each is a bounded list."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, DurationField, ExpressionWrapper, F, Min, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber, TruncDate, TruncMonth
from django.utils import timezone

from learning.accounts.models import User
from learning.vocabulary.models import Card, Rating, Review, Verdict
from learning.vocabulary.models.cards import KNOWN_DAYS
from learning.vocabulary.reviews.settings import DAY_STARTS, local_day, zone_of

DAYS_AHEAD = 14
MONTHS_BACK = 12
MOST_MISTAKES = 5  # wrong answers shown of a word
State = Card.State


def is_slipping(now: datetime) -> Q:
    """Cards that were known and are remembered less than three times of four now, or were just forgotten."""
    return Q(state=State.RELEARNING) | Q(state=State.REVIEW, slips_at__lte=now)


def is_known(now: datetime) -> Q:
    return Q(state=State.REVIEW, stability__gte=KNOWN_DAYS, slips_at__gt=now)


@dataclass(frozen=True, slots=True)
class Standing:
    """Words of a learner by how well they are known."""

    known: int
    learning: int
    slipping: int
    new: int


def standing(cards: QuerySet[Card], now: datetime | None = None) -> Standing:
    """Each word counts once, as the weakest of its cards that were begun; one query."""
    now = now or timezone.now()
    words = (
        cards.filter(is_suspended=False)
        .order_by()
        .values("lexeme")
        .annotate(
            begun=Count("pk", filter=~Q(state=State.NEW)),
            slipping=Count("pk", filter=is_slipping(now)),
            known=Count("pk", filter=is_known(now)),
        )
    )
    counts = Counter(_weakest(row) for row in words)
    return Standing(counts["known"], counts["learning"], counts["slipping"], counts["new"])


def counts_of(owner_ids: list[int], now: datetime | None = None) -> dict[int, dict[str, int]]:
    """For each of these people: their words, known and slipping cards. One query."""
    now = now or timezone.now()
    rows = Card.objects.filter(owner__in=owner_ids, is_suspended=False).order_by().values("owner")
    counted = rows.annotate(
        words=Count("lexeme", distinct=True),
        known=Count("pk", filter=is_known(now)),
        slipping=Count("pk", filter=is_slipping(now)),
    )
    nothing = {"words": 0, "known": 0, "slipping": 0}
    found: dict[int, Any] = {row["owner"]: row for row in counted}
    return {owner: {name: found.get(owner, nothing)[name] for name in nothing} for owner in owner_ids}


def _weakest(row: Any) -> str:
    if not row["begun"]:
        return "new"
    if row["slipping"]:
        return "slipping"
    return "known" if row["known"] == row["begun"] else "learning"


def coming_days(owner: User, now: datetime | None = None) -> list[tuple[date, int]]:
    """How many reviews are due on each of the coming days; what is overdue counts as today. One query."""
    now = now or timezone.now()
    zone = zone_of(owner)
    today = local_day(now, zone)
    last = now + timedelta(days=DAYS_AHEAD)
    cards = Card.objects.filter(owner=owner, due__lt=last).exclude(state=State.NEW).learned()
    days: Counter[date] = Counter()
    for day, count in (
        cards.order_by()
        .annotate(day=TruncDate(_before(F("due")), tzinfo=zone))
        .values_list("day")
        .annotate(count=Count("pk"))
    ):
        days[max(day, today)] += count
    return [(day, days[day]) for day in (today + timedelta(days=number) for number in range(DAYS_AHEAD))]


def _before(moment: F) -> ExpressionWrapper:
    """The moment as many hours earlier as the learner's day begins after midnight."""
    hours = Value(timedelta(hours=DAY_STARTS), output_field=DurationField())
    return ExpressionWrapper(moment - hours, output_field=DateTimeField())


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    answers: int
    share: int | None  # of 100 answers to known cards those that were right; None without any


def months(owner: User, now: datetime | None = None) -> list[Month]:
    """Retention by month: the share of known cards that were remembered. One query."""
    now = now or timezone.now()
    zone = zone_of(owner)
    rows = Review.objects.filter(
        owner=owner, undone_at=None, is_practice=False, was=State.REVIEW, at__gt=now - timedelta(days=31 * MONTHS_BACK)
    )
    by_month = (
        rows.order_by()
        .annotate(month=TruncMonth("at", tzinfo=zone))
        .values("month")
        .annotate(answers=Count("pk"), right=Count("pk", filter=Q(rating__gt=Rating.AGAIN)))
    )
    found = {
        row["month"].date(): Month(row["month"].date(), row["answers"], round(100 * row["right"] / row["answers"]))
        for row in by_month
    }
    return [found.get(first) or Month(first, 0, None) for first in _last_months(now.astimezone(zone).date())]


def known_over_time(owner: User, now: datetime | None = None) -> list[tuple[date, int]]:
    """How many words had ever reached an interval of three weeks by the end of each month. One query."""
    now = now or timezone.now()
    zone = zone_of(owner)
    rows = Review.objects.filter(owner=owner, undone_at=None, is_practice=False, days__gte=KNOWN_DAYS)
    firsts = rows.order_by().values("card__lexeme").annotate(first=Min("at")).values_list("first", flat=True)
    by_month = Counter(at.astimezone(zone).date().replace(day=1) for at in firsts)
    return [
        (month, sum(count for first, count in by_month.items() if first <= month))
        for month in _last_months(now.astimezone(zone).date())
    ]


def _last_months(today: date) -> list[date]:
    month, found = today.replace(day=1), []
    for _n in range(MONTHS_BACK):
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found[::-1]


def by_language(owner: User) -> list[tuple[str, int]]:
    """How many words of each language the deck has. One query."""
    rows = Card.objects.filter(owner=owner).order_by().values_list("lexeme__language__code")
    return list(rows.annotate(words=Count("lexeme", distinct=True)).order_by("-words", "lexeme__language__code"))


def days_of_week(owner: User, now: datetime | None = None) -> int:
    """On how many days of this week, from Monday, the person has learned. One query."""
    now = now or timezone.now()
    zone = zone_of(owner)
    today = local_day(now, zone)
    monday = datetime.combine(today - timedelta(days=today.weekday()), datetime.min.time(), zone)
    times = Review.objects.filter(owner=owner, undone_at=None, at__gte=monday + timedelta(hours=DAY_STARTS))
    rows = (
        times.order_by().annotate(day=TruncDate(_before(F("at")), tzinfo=zone)).values_list("day", flat=True).distinct()
    )
    return len(set(rows))


@dataclass(slots=True)
class WordStanding:
    """One word of a learner, as a teacher sees it."""

    lexeme: Any
    answers: int
    right: int
    lapses: int
    slips: bool
    mistakes: list[tuple[str, Verdict]]  # (what was written, what was wrong with it)

    @property
    def share(self) -> int | None:
        return round(100 * self.right / self.answers) if self.answers else None


def slipping_words(owner: User, count: int, now: datetime | None = None) -> list[WordStanding]:
    """The words of a learner that slip most: forgotten most often first. Four queries at most."""
    now = now or timezone.now()
    cards = Card.objects.filter(is_slipping(now), owner=owner, is_suspended=False)
    rows = cards.select_related("lexeme__language").order_by("-lapses", "slips_at", "pk")[: 4 * count]
    lexemes: dict[int, Any] = {}
    for card in rows:
        lexemes.setdefault(card.lexeme_id, card.lexeme)
    return _with_answers(owner, list(lexemes.values())[:count], slips=set(lexemes))


def words_of(owner: User, lexemes: Iterable[Any], now: datetime | None = None) -> list[WordStanding]:
    """How a learner stands with these words. Three queries."""
    now = now or timezone.now()
    rows = list(lexemes)
    slipping = Card.objects.filter(is_slipping(now), owner=owner, is_suspended=False, lexeme__in=rows)
    return _with_answers(owner, rows, slips=set(slipping.values_list("lexeme_id", flat=True)))


def _with_answers(owner: User, lexemes: list[Any], slips: set[int]) -> list[WordStanding]:
    asked = Review.objects.filter(owner=owner, undone_at=None, is_practice=False, card__lexeme__in=lexemes)
    rows = (
        asked.order_by()
        .values("card__lexeme")
        .annotate(
            answers=Count("pk"),
            right=Count("pk", filter=Q(rating__gt=Rating.AGAIN)),
            lapses=Count("pk", filter=Q(was=State.REVIEW, rating=Rating.AGAIN)),
        )
    )
    found: dict[int, Any] = {row["card__lexeme"]: row for row in rows}
    mistakes = _mistakes(owner, lexemes)
    nothing = {"answers": 0, "right": 0, "lapses": 0}
    return [
        WordStanding(
            lexeme,
            **{name: found.get(lexeme.pk, nothing)[name] for name in nothing},
            slips=lexeme.pk in slips,
            mistakes=mistakes.get(lexeme.pk, []),
        )
        for lexeme in lexemes
    ]


def _mistakes(owner: User, lexemes: list[Any]) -> dict[int, list[tuple[str, Verdict]]]:
    """The last wrong answers to each word, in practice too; each once."""
    place = Window(RowNumber(), partition_by=F("card__lexeme"), order_by=[F("at").desc(), F("pk").asc()])
    wrong = Review.objects.filter(owner=owner, undone_at=None, card__lexeme__in=lexemes).exclude(answer="")
    wrong = wrong.exclude(verdict__in=["", Verdict.EXACT, Verdict.EQUIVALENT]).annotate(place=place)
    found: dict[int, dict[tuple[str, Verdict], None]] = {}
    rows = wrong.filter(place__lte=4 * MOST_MISTAKES).order_by("place")
    for lexeme_id, text, verdict in rows.values_list("card__lexeme", "answer", "verdict"):
        found.setdefault(lexeme_id, {})[text, Verdict(verdict)] = None
    return {lexeme_id: list(shown)[:MOST_MISTAKES] for lexeme_id, shown in found.items()}

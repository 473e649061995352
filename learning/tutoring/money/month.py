"""A teacher's month in numbers, and who owes them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum

from learning.accounts.models import User
from learning.tutoring.currencies import money_text
from learning.tutoring.models import LedgerLine, Lesson, LineKind, Status


@dataclass(slots=True)
class MonthOfProject:
    """Hours and money of a teacher in a month, of one project and currency."""

    project_id: int
    name: str
    currency: str
    minutes: int = 0
    lessons: int = 0
    earned: int = 0

    @property
    def hours(self) -> float:
        return round(self.minutes / 60, 1)

    @property
    def earned_text(self) -> str:
        return money_text(self.earned, self.currency)


@dataclass(slots=True)
class Month:
    """A teacher's month."""

    first: date
    last: date
    projects: list[MonthOfProject]
    received: dict[str, int]  # by currency
    owed: dict[str, int]

    @property
    def minutes(self) -> int:
        return sum(row.minutes for row in self.projects)

    @property
    def hours(self) -> float:
        return round(self.minutes / 60, 1)

    @property
    def earned(self) -> dict[str, int]:
        total: dict[str, int] = defaultdict(int)
        for row in self.projects:
            total[row.currency] += row.earned
        return dict(total)


def month_of(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def teachers_month(teacher: User, day: date) -> Month:
    """Hours given, earned, received and owed in the month of a day; five queries.

    Earned is what lessons of the month have cost, and the price of the units that they took from packages.
    """
    first, last = month_of(day)
    rows: dict[tuple[int, str], MonthOfProject] = {}
    zone = ZoneInfo(teacher.time_zone)
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    given = Lesson.objects.filter(teacher=teacher, status=Status.HELD, starts_at__gte=begins, starts_at__lt=ends)
    for pk, taught, currency, starts_at, ends_at in given.order_by("project_id").values_list(
        "project_id", "project__taught", "currency", "starts_at", "ends_at"
    ):
        row = rows.setdefault((pk, currency), MonthOfProject(pk, taught, currency))
        row.minutes += int((ends_at - starts_at).total_seconds() // 60)
        row.lessons += 1
    lines = LedgerLine.objects.filter(account__teacher=teacher, day__range=(first, last), lesson__isnull=False)
    for line in lines.select_related("package", "lesson__project"):
        assert line.lesson is not None  # noqa: S101  (filtered)
        key = (line.lesson.project_id, line.currency)
        row = rows.setdefault(key, MonthOfProject(key[0], line.lesson.project.taught, line.currency))
        row.earned -= line.amount
        if line.package and line.units:
            price = abs(line.units) * line.package.price // line.package.units
            row.earned += price if line.units < 0 else -price
    payments = LedgerLine.objects.filter(
        account__teacher=teacher, day__range=(first, last), kind__in=[LineKind.PAYMENT, LineKind.REFUND]
    )
    received = dict(payments.order_by().values_list("currency").annotate(total=Sum("amount")))
    return Month(first, last, sorted(rows.values(), key=lambda row: row.name), received, owed_to(teacher))


def owed_to(teacher: User) -> dict[str, int]:
    """What payers owe a teacher, by currency; the credit of one is not set off against the debt of another."""
    owed: dict[str, int] = defaultdict(int)
    for row in debts(teacher):
        owed[row["currency"]] += -row["total"]
    return dict(owed)


def debts(teacher: User) -> Any:
    """The accounts that owe something: `account`, its payer's name, `currency` and `total`, the largest debt first."""
    rows = LedgerLine.objects.filter(account__teacher=teacher).order_by()
    sums = rows.values("account", "account__payer__display_name", "currency").annotate(total=Sum("amount"))
    return sums.filter(total__lt=0).order_by("total", "account")

"""Statements: the lines of an account in a period, in words; and a teacher's month in numbers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.tutoring.currencies import money_text, to_decimal
from learning.tutoring.models import Account, LedgerLine, Lesson, LineKind, Status
from learning.tutoring.models.money import Method
from learning.tutoring.money.charging import WHOLE

MOST_LINES = 5000


@dataclass(frozen=True, slots=True)
class StatementLine:
    line: LedgerLine
    words: str
    balance: int  # after it

    @property
    def amount_text(self) -> str:
        return money_text(self.line.amount, self.line.currency)

    @property
    def balance_text(self) -> str:
        return money_text(self.balance, self.line.currency)


@dataclass(slots=True)
class Statement:
    """One currency of an account in a period."""

    account: Account
    currency: str
    first: date
    last: date
    opening: int
    lines: list[StatementLine] = field(default_factory=list)

    @property
    def closing(self) -> int:
        return self.lines[-1].balance if self.lines else self.opening

    @property
    def opening_text(self) -> str:
        return money_text(self.opening, self.currency)

    @property
    def closing_text(self) -> str:
        return money_text(self.closing, self.currency)


def statements(account: Account, first: date, last: date) -> list[Statement]:
    """One statement for each currency that the account has lines in; two queries."""
    before = dict(account.lines.filter(day__lt=first).order_by().values_list("currency").annotate(total=Sum("amount")))
    rows = account.lines.filter(day__range=(first, last)).order_by("day", "pk")
    rows = rows.select_related("lesson__project", "package", "reverses", "student")[:MOST_LINES]
    found = {currency: Statement(account, currency, first, last, total) for currency, total in before.items()}
    for line in rows:
        statement = found.setdefault(line.currency, Statement(account, line.currency, first, last, 0))
        balance = statement.closing + line.amount
        statement.lines.append(StatementLine(line, words_of(line, account), balance))
    return [found[currency] for currency in sorted(found)]


def words_of(line: LedgerLine, account: Account) -> str:
    """“12 March, English, held, 60 min, 1 of package no. 3”."""
    parts = list(_parts(line, account))
    text = ", ".join(part for part in parts if part)
    return _("Reversed: %(line)s") % {"line": text} if line.reverses_id else text


@lru_cache(maxsize=2048)
def _day_text(day: date, language: str | None) -> str:
    return date_format(day, "j E")


def _parts(line: LedgerLine, account: Account) -> Iterator[str]:
    yield _day_text(line.day, get_language())
    if line.lesson is not None:
        yield from _lesson_parts(line, account)
    elif line.kind == LineKind.PACKAGE and line.package:
        yield from _package_parts(line)
    else:
        yield str(LineKind(line.kind).label)
        if line.method:
            yield str(Method(line.method).label)
    if line.note:
        yield line.note


def _lesson_parts(line: LedgerLine, account: Account) -> Iterator[str]:
    lesson = line.lesson
    assert lesson is not None  # noqa: S101  (asked for by the caller)
    yield lesson.project.taught
    if line.student_id and line.student_id != account.payer_id and line.student:
        yield line.student.get_full_name()
    if line.kind == LineKind.ADJUSTMENT:
        yield _("given back, cancelled by the teacher")
    else:
        status = Status(line.lesson_status or lesson.status)
        yield _("cancelled late") if status == Status.CANCELLED else str(status.label).lower()
    yield _("%(n)d min") % {"n": lesson.minutes}
    if line.percent != WHOLE:
        yield f"{line.percent} %"
    if line.package and line.units:
        yield _("%(n)s of package no. %(number)s") % {"n": abs(line.units), "number": line.package.number}


def _package_parts(line: LedgerLine) -> Iterator[str]:
    package = line.package
    assert package is not None  # noqa: S101  (asked for by the caller)
    yield _("Package no. %(number)s") % {"number": package.number}
    if line.amount > 0 or line.units < 0:
        yield _("returned")
    count = abs(line.units) or package.units
    yield ngettext("%(n)s lesson of %(minutes)s min", "%(n)s lessons of %(minutes)s min", count) % {
        "n": count,
        "minutes": package.minutes,
    }


def as_rows(found: Iterable[Statement]) -> Iterator[list[Any]]:
    """The lines for a table to download: amounts as numbers."""
    for statement in found:
        for one in statement.lines:
            line = one.line
            amount, balance = (to_decimal(value, statement.currency) for value in (line.amount, one.balance))
            yield [line.day.isoformat(), one.words, amount, statement.currency, line.units or "", balance]


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

"""A teacher's month in numbers, and who owes them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.tutoring.currencies import money_text
from learning.tutoring.models import Allocation, LedgerLine, Lesson, LineKind, Project, Status
from learning.tutoring.money.allocation import covers

Key = tuple[int | None, str]  # project and currency; no project: what belongs to none
PAID_IN = (LineKind.PAYMENT, LineKind.REFUND)


@dataclass(slots=True)
class MonthOfProject:
    """Hours and money of a teacher in a month, of one project and currency.

    Without a project: what was paid in advance or belongs to no lesson.
    """

    project_id: int | None
    name: str
    currency: str
    is_own: bool = False  # not one in which the teacher was a substitute
    minutes: int = 0
    lessons: int = 0
    earned: int = 0
    received: int = 0
    owed: int = 0

    @property
    def hours(self) -> float:
        return round(self.minutes / 60, 1)

    @property
    def earned_text(self) -> str:
        return money_text(self.earned, self.currency)

    @property
    def received_text(self) -> str:
        return money_text(self.received, self.currency)

    @property
    def owed_text(self) -> str:
        return money_text(self.owed, self.currency)


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
    """Hours given, earned, received and owed in the month of a day; eight queries.

    Earned is what lessons of the month have cost, and the price of the units that they took from packages. Received is
    what was paid in the month, owed what is not paid today; `_received_by_project` and `_owed_by_project` say how both
    are put to projects.
    """
    first, last = month_of(day)
    rows: dict[Key, MonthOfProject] = {}

    def row_of(project: int | None, currency: str) -> MonthOfProject:
        return rows.setdefault((project, currency), MonthOfProject(project, "", currency))

    for project, currency, starts_at, ends_at in _given(teacher, first, last):
        row = row_of(project, currency)
        row.minutes += int((ends_at - starts_at).total_seconds() // 60)
        row.lessons += 1
    lines = LedgerLine.objects.filter(account__teacher=teacher, day__range=(first, last), lesson__isnull=False)
    for line in lines.select_related("package", "lesson"):
        assert line.lesson is not None  # noqa: S101  (filtered)
        row = row_of(line.lesson.project_id, line.currency)
        row.earned -= line.amount
        if line.package and line.units:
            price = abs(line.units) * line.package.price // line.package.units
            row.earned += price if line.units < 0 else -price
    payments = LedgerLine.objects.filter(account__teacher=teacher, day__range=(first, last), kind__in=PAID_IN)
    received = dict(payments.order_by().values_list("currency").annotate(total=Sum("amount")))
    owing = list(debts(teacher))
    owed = _owed(owing)
    accounts = _lines_by_account(
        teacher, {row["account"] for row in owing} | set(payments.values_list("account", flat=True))
    )
    for key, amount in _with_rest(_received_by_project(accounts, first, last), received).items():
        row_of(*key).received = amount
    for key, amount in _with_rest(_owed_by_project(accounts), owed).items():
        row_of(*key).owed = amount
    _name(rows, teacher)
    # what belongs to no project stands last
    ordered = sorted(rows.values(), key=lambda row: (row.project_id is None, row.name, row.currency))
    return Month(first, last, ordered, received, owed)


def _given(teacher: User, first: date, last: date) -> Any:
    """The lessons that a teacher has held in these days: project, currency, start, end."""
    zone = ZoneInfo(teacher.time_zone)
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    given = Lesson.objects.filter(teacher=teacher, status=Status.HELD, starts_at__gte=begins, starts_at__lt=ends)
    return given.order_by("project_id").values_list("project_id", "currency", "starts_at", "ends_at")


@dataclass(slots=True)
class _AccountLines:
    """The lines of one account in one currency, each with `of_project`, and what payments were put to by hand."""

    currency: str
    lines: list[Any] = field(default_factory=list)
    allocations: list[Allocation] = field(default_factory=list)


def _lines_by_account(teacher: User, accounts: set[int]) -> list[_AccountLines]:
    found: dict[tuple[int, str], _AccountLines] = {}
    rows = LedgerLine.objects.filter(account__teacher=teacher, account__in=accounts)
    for line in rows.annotate(of_project=Coalesce("lesson__project", "package__project")).order_by("day", "pk"):
        found.setdefault((line.account_id, line.currency), _AccountLines(line.currency)).lines.append(line)
    for one in Allocation.objects.filter(payment__account__in=accounts).select_related("payment"):
        found[one.payment.account_id, one.payment.currency].allocations.append(one)
    return list(found.values())


def _owed_by_project(accounts: Iterable[_AccountLines]) -> dict[Key, int]:
    """What is not paid of the lessons and packages of each project."""
    found: dict[Key, int] = defaultdict(int)
    for account in accounts:
        for cover in covers(account.lines, account.allocations):
            line: Any = cover.line
            found[line.of_project, account.currency] += cover.open
    return found


def _received_by_project(accounts: Iterable[_AccountLines], first: date, last: date) -> dict[Key, int]:
    """What the payments of these days pay of the lessons and packages of each project.

    It is the difference of what was paid before the first day and what is paid with the payments of the period: a
    payment of the period goes to the oldest lessons that were not paid yet, or to those that the teacher has named.
    """
    found: dict[Key, int] = defaultdict(int)
    for account in accounts:
        for sign, until in ((-1, first - date.resolution), (1, last)):
            lines = [line for line in account.lines if line.kind not in PAID_IN or line.day <= until]
            for cover in covers(lines, account.allocations):
                line: Any = cover.line
                found[line.of_project, account.currency] += sign * cover.paid
    return found


def _with_rest(by_project: dict[Key, int], totals: dict[str, int]) -> dict[Key, int]:
    """The same amounts with a row for what belongs to no project, so that the rows add up to the totals."""
    rest = dict(totals)
    for (project, currency), amount in by_project.items():
        if project is not None:
            rest[currency] = rest.get(currency, 0) - amount
    kept = {key: amount for key, amount in by_project.items() if key[0] is not None and amount}
    return kept | {(None, currency): amount for currency, amount in rest.items() if amount}


def _name(rows: dict[Key, MonthOfProject], teacher: User) -> None:
    names = {
        pk: (taught, owner)
        for pk, taught, owner in Project.objects.filter(pk__in={project for project, _currency in rows}).values_list(
            "pk", "taught", "teacher"
        )
    }
    for row in rows.values():
        taught, owner = names.get(row.project_id or 0, ("", None))
        row.name, row.is_own = taught or _("In advance, or for no project"), owner == teacher.pk


def _owed(owing: Iterable[dict[str, Any]]) -> dict[str, int]:
    """By currency; the credit of one payer is not set off against the debt of another."""
    owed: dict[str, int] = defaultdict(int)
    for row in owing:
        owed[row["currency"]] += -row["total"]
    return dict(owed)


def debts(teacher: User) -> Any:
    """The accounts that owe something: `account`, its payer's name, `currency` and `total`, the largest debt first."""
    rows = LedgerLine.objects.filter(account__teacher=teacher).order_by()
    sums = rows.values("account", "account__payer__display_name", "currency").annotate(total=Sum("amount"))
    return sums.filter(total__lt=0).order_by("total", "account")

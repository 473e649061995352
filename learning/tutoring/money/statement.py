"""Statements: the lines of an account in a period, in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from learning.tutoring.currencies import money_text, to_decimal
from learning.tutoring.models import Account, LedgerLine, LineKind, Status
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

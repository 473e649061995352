"""Which lessons are paid: payments put to charges, as the teacher says or else the oldest first."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.tutoring.models import Account, Allocation, LedgerLine, LineKind


class Paid(StrEnum):
    """Whether a lesson is paid."""

    PAID = "paid"
    PART = "part"
    UNPAID = "unpaid"
    FREE = "free"
    PACKAGE = "package"


PAID_LABELS = {
    Paid.PAID: pgettext_lazy("lesson", "Paid"),
    Paid.PART: pgettext_lazy("lesson", "Part paid"),
    Paid.UNPAID: pgettext_lazy("lesson", "Unpaid"),
    Paid.FREE: pgettext_lazy("lesson", "Free"),
    Paid.PACKAGE: _("From a package"),
}


@dataclass(frozen=True, slots=True)
class Cover:
    """A charge, and how much of it is paid."""

    line: LedgerLine
    paid: int

    @property
    def open(self) -> int:
        return -self.line.amount - self.paid

    @property
    def state(self) -> Paid:
        if self.paid >= -self.line.amount:
            return Paid.PAID
        return Paid.PART if self.paid else Paid.UNPAID


def covers(lines: Iterable[LedgerLine], allocations: Iterable[Allocation]) -> list[Cover]:
    """How much of each charge of one account and one currency is paid, oldest charge first.

    Lines that were reversed, and their reversals, count for nothing. What is given back to the payer is taken from
    what they have paid; a refund beyond that is owed like a charge.
    """
    lines = list(lines)
    reversed_ids = {line.reverses_id for line in lines if line.reverses_id}
    live = [line for line in lines if not line.reverses_id and line.pk not in reversed_ids]
    charges = sorted((line for line in live if line.amount < 0 and line.kind != LineKind.REFUND), key=_place)
    # refunds are below zero: they take from the pool
    pool = sum(line.amount for line in live if line.amount > 0 or line.kind == LineKind.REFUND)
    live_ids = {line.pk for line in live}
    said: dict[int, int] = defaultdict(int)
    for one in allocations:
        if one.payment_id in live_ids and one.charge_id in live_ids:
            said[one.charge_id] += one.amount
    paid: dict[int, int] = {}
    for line in charges:  # first what the teacher has said
        paid[line.pk] = max(0, min(said[line.pk], -line.amount, pool))
        pool -= paid[line.pk]
    for line in charges:
        more = max(0, min(-line.amount - paid[line.pk], pool))
        paid[line.pk] += more
        pool -= more
    return [Cover(line, paid[line.pk]) for line in charges]


def _place(line: LedgerLine) -> tuple[object, int]:
    return line.day, line.pk


def covers_of(account: Account) -> dict[str, list[Cover]]:
    """The covers of an account by currency; two queries."""
    by_currency: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in account.lines.select_related("lesson__project", "package").order_by("day", "pk"):
        by_currency[line.currency].append(line)
    allocations = list(Allocation.objects.filter(payment__account=account))
    return {currency: covers(lines, allocations) for currency, lines in by_currency.items()}


def paid_states(accounts: Iterable[Account]) -> dict[tuple[int, int], Paid]:
    """Whether each charged lesson of these accounts is paid, by (lesson, student); two queries."""
    ids = [account.pk for account in accounts]
    grouped: dict[tuple[int, str], list[LedgerLine]] = defaultdict(list)
    for line in LedgerLine.objects.filter(account_id__in=ids).order_by("day", "pk"):
        grouped[line.account_id, line.currency].append(line)
    allocations = list(Allocation.objects.filter(payment__account_id__in=ids))
    found: dict[tuple[int, int], Paid] = {}
    for lines in grouped.values():
        reversed_ids = {line.reverses_id for line in lines if line.reverses_id}
        for line in lines:
            if line.kind == LineKind.UNIT and not line.reverses_id and line.pk not in reversed_ids:
                found[line.lesson_id or 0, line.student_id or 0] = Paid.PACKAGE
        for cover in covers(lines, allocations):
            if cover.line.lesson_id:
                found[cover.line.lesson_id, cover.line.student_id or 0] = cover.state
    return found

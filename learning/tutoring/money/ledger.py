"""Adding lines to a ledger: payments, refunds, adjustments, write-offs, reversals.

A line is written once under a key that says what it is for: the same key again gives the line that is there. Amounts
are integers of the smallest unit; what the payer owes is below zero. A mistake is compensated by one more line.
"""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring.currencies import CURRENCIES
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Account, Allocation, LedgerLine, LineKind
from learning.tutoring.models.projects import MOST_MONEY, is_storable_day

MOST_ALLOCATIONS = 50
MOST_KEY = 56


def locked_account(teacher_id: int, payer_id: int) -> Account:
    return Account.objects.lock(teacher_id, [payer_id])[payer_id]


def own_key(account: Account, what: str, key: str) -> str:
    """The key of a line that is entered by hand or by a program; a reference is unique in its account."""
    if len(key) > MOST_KEY:
        raise TutoringError("key", _("The reference has more than %(n)s characters.") % {"n": MOST_KEY})
    return f"{what}:{account.pk}:{key or uuid.uuid4()}"


def add_line(
    account: Account, *, kind: str, amount: int, currency: str, key: str, day: date, actor: User | None, **facts: Any
) -> LedgerLine:
    """Add a line, or return the one that is there under this key. Lock the account before."""
    existing = LedgerLine.objects.filter(key=key).first()
    if existing is not None:
        return existing
    return LedgerLine.objects.create(
        account=account, kind=kind, amount=amount, currency=currency, key=key, day=day, created_by=actor, **facts
    )


def reverse(line: LedgerLine, *, day: date, actor: User | None, note: str = "") -> LedgerLine:
    """Compensate a line by one of the opposite amount and units. A line is reversed once."""
    return add_line(
        line.account,
        kind=line.kind,
        amount=-line.amount,
        currency=line.currency,
        key=f"reverse:{line.pk}",
        day=day,
        actor=actor,
        package=line.package,
        units=-line.units,
        lesson=line.lesson,
        student=line.student,
        percent=line.percent,
        lesson_status=line.lesson_status,
        reverses=line,
        note=note,
    )


def _check(amount: int, currency: str, day: date) -> None:
    if currency not in CURRENCIES:
        raise TutoringError("currency", _("This currency is not known here."))
    if not 0 < amount <= MOST_MONEY:
        raise TutoringError("amount", _("The amount must be more than zero, and not beyond all measure."))
    if not is_storable_day(day):
        raise TutoringError("out_of_range", _("This date is out of range."))


@transaction.atomic
def add_payment(
    *,
    teacher: User,
    payer: User,
    amount: int,
    currency: str,
    day: date,
    method: str,
    actor: User | None,
    note: str = "",
    allocations: Mapping[int, int] | None = None,
    key: str = "",
) -> LedgerLine:
    """Enter a payment; what is more than is owed stays as credit.

    `allocations` puts parts of it to charges (by the id of their lines); the rest goes to the oldest first. `key`
    names the payment for whoever enters it by a program: a provider's reference, say; the same key is entered once.
    """
    _check(amount, currency, day)
    account = locked_account(teacher.pk, payer.pk)
    line = add_line(
        account,
        kind=LineKind.PAYMENT,
        amount=amount,
        currency=currency,
        key=own_key(account, "payment", key),
        day=day,
        actor=actor,
        method=method,
        note=note[:300],
    )
    if allocations and not line.allocations.exists():
        _allocate(line, allocations)
    return line


def _allocate(line: LedgerLine, allocations: Mapping[int, int]) -> None:
    if len(allocations) > MOST_ALLOCATIONS:
        raise TutoringError("too_many", _("One payment is for at most %(n)s lessons.") % {"n": MOST_ALLOCATIONS})
    charges = LedgerLine.objects.filter(
        pk__in=allocations, account_id=line.account_id, currency=line.currency, amount__lt=0, reversed_by=None
    )
    found = {charge.pk: charge for charge in charges}
    if found.keys() != allocations.keys() or min(allocations.values()) <= 0:
        raise TutoringError("allocation", _("The payment is for lines that are not charges of this account."))
    taken = dict(
        Allocation.objects.filter(charge__in=found, payment__reversed_by=None)
        .values_list("charge")
        .annotate(total=Sum("amount"))
    )
    if sum(allocations.values()) > line.amount or any(
        amount + taken.get(pk, 0) > -found[pk].amount for pk, amount in allocations.items()
    ):
        raise TutoringError("allocation", _("More is put to these lessons than was paid, or than they cost."))
    Allocation.objects.bulk_create(
        [Allocation(payment=line, charge=found[pk], amount=amount) for pk, amount in allocations.items()]
    )


@transaction.atomic
def add_entry(
    *, account: Account, kind: str, amount: int, currency: str, day: date, actor: User, note: str, key: str = ""
) -> LedgerLine:
    """Enter a refund (money back to the payer), a write-off (a debt given up) or an adjustment (either sign)."""
    signs = {LineKind.REFUND.value: -1, LineKind.WRITE_OFF.value: 1}
    if kind not in {*signs, LineKind.ADJUSTMENT.value}:
        raise TutoringError("kind", _("Such a line is not entered by hand."))
    _check(abs(amount), currency, day)
    account = locked_account(account.teacher_id, account.payer_id)
    signed = abs(amount) * signs[kind] if kind in signs else amount
    entry_key = own_key(account, "entry", key)
    return add_line(
        account, kind=kind, amount=signed, currency=currency, key=entry_key, day=day, actor=actor, note=note[:300]
    )


@transaction.atomic
def take_back(*, line: LedgerLine, day: date, actor: User, note: str = "") -> LedgerLine:
    """Compensate a payment, refund, adjustment or write-off that was entered by mistake."""
    locked_account(line.account.teacher_id, line.account.payer_id)
    if line.kind in {LineKind.CHARGE, LineKind.UNIT, LineKind.PACKAGE} or line.reverses_id:
        raise TutoringError("kind", _("Lessons are given back by reopening them, packages by returning them."))
    return reverse(line, day=day, actor=actor, note=note[:300])

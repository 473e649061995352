"""Packages of lessons: bought, used first to expire, returned."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Account, Attendance, LedgerLine, LineKind, Package, Presence, Project, Status
from learning.tutoring.models.projects import LONGEST_LESSON, MOST_MONEY, is_storable_day
from learning.tutoring.money.ledger import add_line, locked_account, own_key

MOST_UNITS = 500


@transaction.atomic
def buy_package(
    *,
    project: Project,
    payer: User,
    units: int,
    minutes: int,
    price: int,
    bought_on: date,
    expires_on: date | None,
    actor: User,
    key: str = "",
) -> Package:
    """Sell lessons in advance, in the currency of the project: a charge of the whole price, and units to use."""
    if not 1 <= units <= MOST_UNITS or not 1 <= minutes <= LONGEST_LESSON or not 0 <= price <= MOST_MONEY:
        raise TutoringError("package", _("A package has 1 to 500 lessons, and a price that is not below zero."))
    if not (is_storable_day(bought_on) and is_storable_day(expires_on)):
        raise TutoringError("out_of_range", _("This date is out of range."))
    if expires_on and expires_on < bought_on:
        raise TutoringError("order", _("The package would end before it begins."))
    account = locked_account(project.teacher_id, payer.pk)
    line_key = own_key(account, "package", key)
    existing = LedgerLine.objects.filter(key=line_key).select_related("package").first()
    if existing is not None and existing.package is not None:
        return existing.package
    number = (Package.objects.filter(account=account).aggregate(last=Max("number"))["last"] or 0) + 1
    package = Package.objects.create(
        account=account,
        project=project,
        number=number,
        units=units,
        minutes=minutes,
        price=price,
        currency=project.currency,
        bought_on=bought_on,
        expires_on=expires_on,
    )
    add_line(
        account,
        kind=LineKind.PACKAGE,
        amount=-price,
        currency=project.currency,
        key=line_key,
        day=bought_on,
        actor=actor,
        package=package,
    )
    return package


def units_for(minutes: int, package: Package) -> int | None:
    """How many units a lesson of so many minutes takes: a whole number of them, or none fits."""
    units, rest = divmod(minutes, package.minutes)
    return units if units and not rest else None


def usable_package(account: Account, project_id: int, minutes: int, day: date) -> tuple[Package, int] | None:
    """The package that a lesson on this day is taken from, first to expire first, and the units that it takes.

    Lock the account before: two lessons would take the last unit both.
    """
    rows = Package.objects.with_left().filter(account=account, bought_on__lte=day)
    rows = rows.filter(Q(expires_on=None) | Q(expires_on__gte=day), Q(project=None) | Q(project_id=project_id))
    for package in rows.order_by(F("expires_on").asc(nulls_last=True), "pk"):
        units = units_for(minutes, package)
        if units is not None and package.left >= units:
            return package, units
    return None


@transaction.atomic
def return_package(*, package: Package, amount: int, day: date, actor: User, note: str = "") -> LedgerLine:
    """Take back the units that are left; `amount` of the price is given back, at most what they had cost."""
    account = locked_account(package.account.teacher_id, package.account.payer_id)
    package = Package.objects.with_left().get(pk=package.pk)
    key = f"return:{package.pk}"
    existing = LedgerLine.objects.filter(key=key).first()
    if existing is not None:
        return existing
    if package.left < 1:
        raise TutoringError("used_up", _("No lesson of this package is left."))
    most = package.price * package.left // package.units
    if not 0 <= amount <= most:
        raise TutoringError("amount", _("What is left of the package has cost less than this."))
    return add_line(
        account,
        kind=LineKind.PACKAGE,
        amount=amount,
        currency=package.currency,
        key=key,
        day=day,
        actor=actor,
        package=package,
        units=-package.left,
        note=note[:300],
    )


@dataclass(frozen=True, slots=True)
class PackageState:
    """What is left of a package, and how much of that is booked by planned lessons."""

    package: Package
    left: int
    booked: int
    has_expired: bool

    @property
    def is_last(self) -> bool:
        """Whether the payer should be told: one lesson is left, or all that are left are booked."""
        return not self.has_expired and 0 < self.left <= max(1, self.booked)


def package_states(account: Account, today: date) -> list[PackageState]:
    """The packages of an account, first to expire first; two queries."""
    return package_states_of([account], today)[account.pk]


def package_states_of(accounts: Sequence[Account], today: date) -> dict[int, list[PackageState]]:
    """The packages of each of these accounts, first to expire first; two queries for all."""
    found: dict[int, list[PackageState]] = {account.pk: [] for account in accounts}
    packages: dict[int, list[Package]] = defaultdict(list)
    rows = Package.objects.with_left().filter(account__in=found)
    for package in rows.order_by(F("expires_on").asc(nulls_last=True), "pk"):
        packages[package.account_id].append(package)
    if not packages:
        return found
    coming: dict[tuple[int, int], list[tuple[int, int, date]]] = defaultdict(list)
    planned = Attendance.objects.filter(
        payer__in={account.payer_id for account in accounts if account.pk in packages},
        lesson__project__teacher__in={account.teacher_id for account in accounts},
        lesson__status=Status.PLANNED,
    ).exclude(presence=Presence.EXCUSED)
    facts = ("payer_id", "lesson__project__teacher_id", "lesson__project_id", "lesson__project__time_zone")
    rows_of_lessons = planned.order_by("starts_at", "pk").values_list(*facts, "starts_at", "ends_at")
    for payer, teacher, project_id, zone, starts_at, ends_at in rows_of_lessons:
        minutes = int((ends_at - starts_at).total_seconds() // 60)
        coming[payer, teacher].append((project_id, minutes, timezone.localtime(starts_at, ZoneInfo(zone)).date()))
    for account in accounts:
        own = packages.get(account.pk, [])
        booked = _booked(own, coming[account.payer_id, account.teacher_id], today)
        found[account.pk] = [
            PackageState(
                package,
                left=package.left,
                booked=booked[package.pk],
                has_expired=package.expires_on is not None and package.expires_on < today,
            )
            for package in own
        ]
    return found


def _booked(packages: Sequence[Package], coming: Sequence[tuple[int, int, date]], today: date) -> dict[int, int]:
    """How many units of each package, first to expire first, the planned lessons (project, minutes, day) will take."""
    booked = {package.pk: 0 for package in packages}
    for project_id, minutes, day in coming:
        for package in packages:
            # as when the lesson is charged (`usable_package`)
            fits = (
                package.project_id in {None, project_id}
                and package.bought_on <= day
                and (package.expires_on is None or package.expires_on >= max(day, today))
            )
            units = units_for(minutes, package) if fits else None
            if units is not None and package.left - booked[package.pk] >= units:
                booked[package.pk] += units
                break
    return booked

"""Money of private lessons: cancellation policies, packages, and the ledger, whose lines are only ever added."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Sum, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User


class Policy(models.Model):
    """A cancellation policy with its versions; the newest one is for lessons planned from now on."""

    # the name of the one that every school begins with is translated, as long as nobody renames it
    BUILT_IN: ClassVar = {"24 hours": pgettext_lazy("cancellation policy", "24 hours")}

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=80)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("teacher"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="policies",
        help_text=_("Empty: every teacher can choose it."),
    )

    class Meta:
        verbose_name = _("cancellation policy")
        verbose_name_plural = _("cancellation policies")
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.BUILT_IN.get(self.name, self.name)) if self.owner_id is None else self.name

    @property
    def current(self) -> "PolicyVersion":
        version = self.versions.order_by("-number").first()
        assert version is not None  # noqa: S101  (a policy is made with its first version)
        return version


class PolicyVersion(models.Model):
    """What a cancellation costs. A lesson keeps the version that it was planned under."""

    class Period(models.TextChoices):
        MONTH = "month", pgettext_lazy("free cancellations", "in a month")
        PROJECT = "project", pgettext_lazy("free cancellations", "in the whole project")

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(default=1)
    free_hours = models.PositiveSmallIntegerField(
        _("hours of notice that cost nothing"), default=24, validators=[MaxValueValidator(24 * 60)]
    )
    late_percent = models.PositiveSmallIntegerField(
        _("percent of the price for a later cancellation"), default=100, validators=[MaxValueValidator(100)]
    )
    missed_percent = models.PositiveSmallIntegerField(
        _("percent of the price for a missed lesson"), default=100, validators=[MaxValueValidator(100)]
    )
    free_late = models.PositiveSmallIntegerField(
        _("late cancellations that cost nothing"), default=0, validators=[MaxValueValidator(50)]
    )
    free_late_in = models.CharField(_("counted"), max_length=8, choices=Period.choices, default=Period.MONTH)
    teacher_percent = models.PositiveSmallIntegerField(
        _("percent of the price given back when the teacher cancels late"),
        default=0,
        validators=[MaxValueValidator(100)],
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "number"], name="tutoring_policy_version"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("A version of a policy is never changed: add a new one.")
        super().save(*args, **kwargs)

    def is_free(self, notice: timedelta) -> bool:
        """Whether a cancellation with this notice costs nothing: elapsed time, the limit itself included."""
        return notice >= timedelta(hours=self.free_hours)


class AccountQuerySet(models.QuerySet["Account"]):
    def lock(self, teacher_id: int, payer_ids: Any) -> dict[int, "Account"]:
        """Lock the accounts of these payers with a teacher, made where there are none; by payer."""
        ids = sorted(set(payer_ids))
        self.model.objects.bulk_create(
            [Account(teacher_id=teacher_id, payer_id=pk) for pk in ids], ignore_conflicts=True
        )
        rows = self.select_for_update().filter(teacher_id=teacher_id, payer_id__in=ids).order_by("pk")
        return {row.payer_id: row for row in rows}

    def seen_by(self, user: User) -> "AccountQuerySet":
        """Those that this person keeps as the teacher, or pays."""
        if user.has_perm("tutoring.manage_tutoring"):
            return self
        return self.filter(Q(teacher=user) | Q(payer=user))


class Account(models.Model):
    """The ledger of one payer with one teacher; its row is locked while lines are added."""

    teacher = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="kept_accounts")
    payer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="paid_accounts")

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("money", "account")
        verbose_name_plural = pgettext_lazy("money", "accounts")
        default_permissions = ("view",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["teacher", "payer"], name="tutoring_account_once")]

    def __str__(self) -> str:
        return str(self.payer)

    def get_absolute_url(self) -> str:
        return reverse("tutoring_account", args=(self.pk,))

    def balances(self) -> dict[str, int]:
        """The sum of the lines in each currency: below zero is owed, above is credit."""
        return balances_of([self])[self.pk]


def balances_of(accounts: Iterable[Account]) -> dict[int, dict[str, int]]:
    """The sum of the lines of each account in each currency: below zero is owed, above is credit. One query."""
    found: dict[int, dict[str, int]] = {account.pk: {} for account in accounts}
    rows = LedgerLine.objects.filter(account__in=found).order_by()
    for pk, currency, total in rows.values_list("account", "currency").annotate(total=Sum("amount")):
        found[pk][currency] = total
    return found


class PackageQuerySet(models.QuerySet["Package"]):
    def with_left(self) -> "PackageQuerySet":
        """Add `left`: units bought and not used."""
        return self.annotate(left=models.F("units") + Coalesce(Sum("uses__units"), Value(0)))


class Package(models.Model):
    """Lessons bought in advance: units of so many minutes at a price."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="packages")
    project = models.ForeignKey("tutoring.Project", null=True, on_delete=models.PROTECT, related_name="packages")
    number = models.PositiveIntegerField()  # of the account
    units = models.PositiveSmallIntegerField(
        pgettext_lazy("package", "lessons"), validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    minutes = models.PositiveSmallIntegerField(_("minutes of a lesson"))
    price = models.PositiveIntegerField(_("price"))  # of all units together
    currency = models.CharField(_("currency"), max_length=3)
    bought_on = models.DateField(_("bought on"))
    expires_on = models.DateField(_("last day"), null=True, blank=True, help_text=_("Empty: without an end."))

    objects = PackageQuerySet.as_manager()
    left: int  # only on rows of `with_left`

    class Meta:
        verbose_name = pgettext_lazy("money", "package")
        verbose_name_plural = pgettext_lazy("money", "packages")
        default_permissions = ("view",)
        ordering = [models.F("expires_on").asc(nulls_last=True), "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "number"], name="tutoring_package_number"),
        ]


class LineKind(models.TextChoices):
    CHARGE = "charge", pgettext_lazy("line of the ledger", "Lesson")
    PAYMENT = "payment", pgettext_lazy("line of the ledger", "Payment")
    PACKAGE = "package", pgettext_lazy("line of the ledger", "Package bought")
    UNIT = "unit", pgettext_lazy("line of the ledger", "Lesson of a package")
    REFUND = "refund", pgettext_lazy("line of the ledger", "Refund")
    ADJUSTMENT = "adjustment", pgettext_lazy("line of the ledger", "Adjustment")
    WRITE_OFF = "write_off", pgettext_lazy("line of the ledger", "Write-off")


class Method(models.TextChoices):
    """How a payment came in. A provider of card payments would be one more value, entered by `ledger.add_payment`."""

    CASH = "cash", pgettext_lazy("payment", "cash")
    TRANSFER = "transfer", pgettext_lazy("payment", "transfer")
    CARD = "card", pgettext_lazy("payment", "card, elsewhere")


class LedgerLineQuerySet(models.QuerySet["LedgerLine"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError("The ledger is never changed: add a line that compensates.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger is never deleted from.")


class LedgerLine(models.Model):
    """One line of a ledger: an amount, units of a package, or both. Written once, never changed.

    `key` says what the line is for, so that the same thing is entered once, whoever tries again.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind.choices)
    amount = models.BigIntegerField(_("amount"))  # of the smallest unit; below zero is owed by the payer
    currency = models.CharField(_("currency"), max_length=3)
    package = models.ForeignKey(Package, null=True, on_delete=models.PROTECT, related_name="uses")
    units = models.SmallIntegerField(default=0)  # below zero is used
    # the lesson and student that it is for
    lesson = models.ForeignKey("tutoring.Lesson", null=True, on_delete=models.PROTECT, related_name="lines")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    percent = models.PositiveSmallIntegerField(default=100)  # of the lesson's price
    # what the lesson was when it was charged: it may be reopened since
    lesson_status = models.CharField(max_length=10, blank=True, default="", db_default="")
    method = models.CharField(_("how"), max_length=8, choices=Method.choices, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    day = models.DateField(_("date"))  # on which it counts, as people say it
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    key = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = LedgerLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of the ledger")
        verbose_name_plural = _("ledger")
        ordering = ["day", "pk"]
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["account", "currency", "day", "id"], name="tutoring_line_account"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise TypeError("The ledger is never changed: add a line that compensates.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The ledger is never deleted from.")


class Allocation(models.Model):
    """A part of a payment that the teacher has put to one lesson; the rest goes to the oldest lessons first."""

    payment = models.ForeignKey(LedgerLine, on_delete=models.PROTECT, related_name="allocations")
    charge = models.ForeignKey(LedgerLine, on_delete=models.PROTECT, related_name="+")
    amount = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "charge"], name="tutoring_allocation_once"),
        ]

"""Hours and money of every teacher in a month."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import DurationField, ExpressionWrapper, F, Sum
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse_lazy
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem

from learning.accounts.models import User
from learning.base.menu import ScreenMenuItem, has_permission
from learning.base.screens import header
from learning.base.sheets import FORMATS, as_file
from learning.tutoring.access import MANAGE
from learning.tutoring.currencies import money_text, to_decimal
from learning.tutoring.models import LedgerLine, Lesson, LineKind, Status
from learning.tutoring.money.month import month_of
from learning.tutoring.web.calendar_views import asked_day


@dataclass(slots=True)
class TeacherMonth:
    """One teacher's month; amounts by currency."""

    teacher: User
    hours: float = 0
    charged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    received: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def charged_text(self) -> str:
        return ", ".join(money_text(amount, currency) for currency, amount in sorted(self.charged.items())) or "–"

    @property
    def received_text(self) -> str:
        return ", ".join(money_text(amount, currency) for currency, amount in sorted(self.received.items())) or "–"


def months_of_teachers(first: date, last: date) -> list[TeacherMonth]:
    """Hours held, charged and received from `first` to `last`, by teacher; four queries."""
    begins = datetime.combine(first, time(), tzinfo=UTC)
    ends = datetime.combine(last, time(), tzinfo=UTC) + timedelta(days=1)
    held = Lesson.objects.filter(status=Status.HELD, starts_at__gte=begins, starts_at__lt=ends).order_by()
    length = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    hours = dict(held.values_list("teacher_id").annotate(total=Sum(length)))
    lines = LedgerLine.objects.filter(day__range=(first, last)).order_by()
    charges = lines.filter(kind__in={LineKind.CHARGE, LineKind.PACKAGE})
    payments = lines.filter(kind__in={LineKind.PAYMENT, LineKind.REFUND})
    sums = [
        list(rows.values_list("account__teacher_id", "currency").annotate(total=Sum("amount")))
        for rows in (charges, payments)
    ]
    ids = {*hours, *(row[0] for rows in sums for row in rows)}
    people = User.objects.filter(pk__in=ids).order_by("display_name", "pk")
    found = {person.pk: TeacherMonth(person) for person in people}
    for teacher_id, total in hours.items():
        found[teacher_id].hours = round(total.total_seconds() / 3600, 1)
    for teacher_id, currency, total in sums[0]:
        found[teacher_id].charged[currency] -= total
    for teacher_id, currency, total in sums[1]:
        found[teacher_id].received[currency] += total
    return list(found.values())


def _lines_of(row: TeacherMonth) -> list[list[Any]]:
    """The lines of one teacher in a table to download, one for each currency."""
    name = row.teacher.get_full_name()
    return [
        [name, row.hours, code, *(to_decimal(one[code], code) for one in (row.charged, row.received))]
        for code in sorted({*row.charged, *row.received})
    ] or [[name, row.hours, "", "", ""]]


def report(request: HttpRequest) -> HttpResponseBase:
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied
    first, last = month_of(asked_day(request, timezone.localdate()))
    rows = months_of_teachers(first, last)
    if request.GET.get("format") in FORMATS:
        headings = [_("Teacher"), _("Hours"), _("Currency"), _("Charged"), _("Received")]
        table = [line for row in rows for line in _lines_of(row)]
        return as_file(date_format(first, "F Y"), request.GET["format"], headings, table)
    context = {
        **header(_("Hours and money"), icon="history"),
        "rows": rows,
        "first": first,
        "before": (first - date.resolution).replace(day=1),
        "after": last + date.resolution,
    }
    return render(request, "tutoring/cms/report.html", context)


def menu_items() -> list[MenuItem]:
    """The screens of private lessons in the menu “Learning”."""
    screens = (
        (gettext_lazy("Private lessons"), "tutoring_lessons_cms:index", "date", 70),
        (gettext_lazy("Private projects"), "tutoring_projects_cms:index", "group", 72),
        (gettext_lazy("Ledger"), "tutoring_ledger_cms:index", "list-ul", 74),
        (gettext_lazy("Hours and money"), "tutoring_report", "history", 76),
        (gettext_lazy("Cancellation policies"), "tutoring_policies_cms:index", "clipboard-list", 78),
        (gettext_lazy("Kinds of lessons"), "tutoring_kinds_cms:index", "tag", 80),
    )
    return [
        ScreenMenuItem(
            label,
            reverse_lazy(address),
            shown_to=has_permission(MANAGE),
            name=address.partition(":")[0],
            icon_name=icon,
            order=order,
        )
        for label, address, icon, order in screens
    ]


addresses: list[Any] = [path("tutoring/report/", report, name="tutoring_report")]

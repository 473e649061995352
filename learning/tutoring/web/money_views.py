"""Money: an account with its statement, payments, packages; a teacher's month; policies."""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.requests import PersonRequest
from learning.base.sheets import FORMATS, as_file
from learning.tutoring.access import keeps_account, managed_project_or_404, seen_account_or_404, seen_accounts, teaches
from learning.tutoring.currencies import money_text, to_decimal
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Account, LedgerLine, Lesson, Package, Policy, PolicyVersion, Project, Status
from learning.tutoring.money import ledger
from learning.tutoring.money.allocation import covers_of
from learning.tutoring.money.month import debts, month_of, teachers_month
from learning.tutoring.money.packages import buy_package, package_states, return_package
from learning.tutoring.money.policies import save_policy
from learning.tutoring.money.statement import as_rows, statements, words_of
from learning.tutoring.projects.actions import policies_for
from learning.tutoring.web.calendar_views import asked_day
from learning.tutoring.web.forms.money import EntryForm, PackageForm, PaymentForm, PeriodForm, PolicyForm
from learning.tutoring.web.shown import form_page, try_to

LESSONS_SHOWN = 30
CHARGES_SHOWN = 40
PER_PAGE = 30


def _kept(request: PersonRequest, account_id: int) -> Account:
    """An account to which this person adds lines; 404 for who only pays."""
    account = seen_account_or_404(request.user, account_id)
    if not keeps_account(request.user, account):
        raise Http404
    return account


def _period(request: PersonRequest) -> tuple[PeriodForm, date, date]:
    today = timezone.localdate()
    first, last = month_of(today)
    form = PeriodForm(request.GET if request.GET.get("first") or request.GET.get("last") else None)
    if form.is_valid():
        first, last = form.cleaned_data["first"] or first, form.cleaned_data["last"] or last
    return form if form.is_bound else PeriodForm(initial={"first": first, "last": last}), first, last


@require_safe
@login_required
def accounts(request: PersonRequest) -> HttpResponse:
    """The accounts that one keeps, the largest debt first, and those that one pays."""
    user = request.user
    kept = [
        {**row, "text": money_text(-row["total"], row["currency"])}
        for row in (debts(user)[:LESSONS_SHOWN] if teaches(user) else [])
    ]
    rows = seen_accounts(user).select_related("payer", "teacher").order_by("payer__display_name", "pk")
    words = request.GET.get("q", "")[:100].replace("\x00", "")
    for word in words.split()[:6]:
        rows = rows.filter(Q(payer__display_name__icontains=word) | Q(payer__email__icontains=word))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    found = [{"account": row, "is_kept": row.teacher_id == user.pk} for row in page]
    query = urlencode({"q": words}) if words else ""
    context = {"debts": [] if words else kept, "rows": found, "page_obj": page, "q": words, "query": query}
    return render(request, "tutoring/accounts.html", context)


@require_safe
@login_required
def account(request: PersonRequest, account_id: int) -> HttpResponseBase:
    """A statement for the screen; `format=csv` or `xlsx` downloads it. The payer's coming lessons beside it."""
    row = seen_account_or_404(request.user, account_id)
    form, first, last = _period(request)
    found = statements(row, first, last)
    if request.GET.get("format") in FORMATS:
        headings = [
            _("Date"),
            pgettext("money", "What"),
            _("Amount"),
            _("Currency"),
            _("Lessons of a package"),
            _("Balance"),
        ]
        return as_file(_("Statement"), request.GET["format"], headings, as_rows(found))
    is_kept = keeps_account(request.user, row)
    context = {
        "account": row,
        "is_kept": is_kept,
        "period": form,
        "first": first,
        "last": last,
        "statements": found,
        "balances": [(text, total < 0) for text, total in _texts(row.balances())],
        "packages": package_states(row, timezone.localdate()),
        "lessons": _coming(row),
        "query": f"first={first.isoformat()}&last={last.isoformat()}",
    }
    template = "tutoring/statement_print.html" if "print" in request.GET else "tutoring/account.html"
    return render(request, template, context)


def _texts(balances: dict[str, int]) -> list[tuple[str, int]]:
    return [(money_text(abs(total), currency), total) for currency, total in sorted(balances.items()) if total]


def _coming(row: Account) -> list[Lesson]:
    """The planned lessons that the payer of an account pays: when and for whom, no contents."""
    rows = Lesson.objects.filter(
        project__teacher_id=row.teacher_id,
        attendances__payer_id=row.payer_id,
        status=Status.PLANNED,
        ends_at__gt=timezone.now(),
    ).exclude(project__state=Project.State.DRAFT)
    return list(rows.select_related("project").distinct().order_by("starts_at", "pk")[:LESSONS_SHOWN])


def _charges(row: Account) -> list[tuple[int, str]]:
    """Charges that are not paid yet, for the form of a payment."""
    unpaid = [cover for covers in covers_of(row).values() for cover in covers if cover.open > 0][:CHARGES_SHOWN]
    prefetch_related_objects([cover.line for cover in unpaid], "student")
    return [
        (cover.line.pk, f"{words_of(cover.line, row)}: {money_text(cover.open, cover.line.currency)}")
        for cover in unpaid
    ]


def _currency(row: Account) -> str:
    last = row.lines.order_by("-pk").values_list("currency", flat=True).first()
    project = Project.objects.filter(teacher_id=row.teacher_id).order_by("-pk").values_list("currency", flat=True)
    return last or project.first() or "EUR"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def payment(request: PersonRequest, account_id: int) -> HttpResponse:
    row = _kept(request, account_id)
    initial: dict[str, Any] = {"day": timezone.localdate(), "currency": _currency(row)}
    form = PaymentForm(request.POST or None, charges=_charges(row), initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            ledger.add_payment(
                teacher=row.teacher,
                payer=row.payer,
                amount=data["units"],
                currency=data["currency"],
                day=data["day"],
                method=data["method"],
                note=data["note"],
                actor=request.user,
                allocations=_allocations(row, data.get("charge", []), data["units"]),
                # the page's own token: sending the form twice enters the payment once
                key=_form_key(request),
            )
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The payment is entered."))
            return redirect(row)
    return _money_form(request, row, form, _("Enter a payment"))


def _form_key(request: PersonRequest) -> str:
    """What makes a form the same when it is sent twice: the id that its page was given."""
    return f"{request.user.pk}:{request.POST.get('form', '')[:36]}" if request.POST.get("form") else ""


def _allocations(row: Account, chosen: list[int], amount: int) -> dict[int, int]:
    """Spread a payment over the chosen charges, oldest first."""
    found: dict[int, int] = {}
    for covers in covers_of(row).values():
        for cover in covers:
            part = min(cover.open, amount)
            if cover.line.pk in chosen and part > 0:
                found[cover.line.pk] = part
                amount -= part
    return found


def _money_form(request: PersonRequest, row: Account, form: Any, title: str, **context: Any) -> HttpResponse:
    form_id = request.POST.get("form") or str(uuid.uuid4())
    return form_page(
        request, form, title=title, submit=_("Save"), back=row.get_absolute_url(), form_id=form_id[:36], **context
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def entry(request: PersonRequest, account_id: int) -> HttpResponse:
    """A refund, an adjustment, or a debt given up."""
    row = _kept(request, account_id)
    form = EntryForm(request.POST or None, initial={"day": timezone.localdate(), "currency": _currency(row)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def add() -> LedgerLine:
            return ledger.add_entry(
                account=row,
                kind=data["kind"],
                amount=data["units"],
                currency=data["currency"],
                day=data["day"],
                note=data["note"],
                actor=request.user,
                key=_form_key(request),
            )

        if _added(form, add):
            messages.success(request, _("The line is entered."))
            return redirect(row)
    return _money_form(request, row, form, _("Refund, adjustment, write-off"))


def _added(form: Any, add: Callable[[], Any]) -> bool:
    try:
        add()
    except TutoringError as error:
        form.add_error(None, str(error))
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def package(request: PersonRequest, account_id: int) -> HttpResponse:
    """Sell a package of lessons."""
    row = _kept(request, account_id)
    form = PackageForm(request.POST or None, account=row, initial={"bought_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data

        def buy() -> Package:
            return buy_package(
                project=data["project"],
                payer=row.payer,
                units=data["units"],
                minutes=data["minutes"],
                price=data["amount"],
                bought_on=data["bought_on"],
                expires_on=data["expires_on"],
                actor=request.user,
                key=_form_key(request),
            )

        if _added(form, buy):
            messages.success(request, _("The package is sold."))
            return redirect(row)
    return _money_form(request, row, form, _("Sell a package"))


@require_POST
@login_required
def return_left(request: PersonRequest, package_id: int) -> HttpResponse:
    """Take back the lessons that are left of a package, and give back what they had cost."""
    row = get_object_or_404(
        Package.objects.with_left().filter(account__in=seen_accounts(request.user)).select_related("account"),
        pk=package_id,
    )
    account_row = _kept(request, row.account_id)
    amount = row.price * max(row.left, 0) // row.units
    try_to(
        request,
        lambda: return_package(package=row, amount=amount, day=timezone.localdate(), actor=request.user),
        _("The package is returned."),
    )
    return redirect(account_row)


@require_POST
@login_required
def take_back(request: PersonRequest, line_id: int) -> HttpResponse:
    """Compensate a line that was entered by mistake."""
    rows = LedgerLine.objects.filter(account__in=seen_accounts(request.user)).select_related("account")
    line = get_object_or_404(rows, pk=line_id)
    account_row = _kept(request, line.account_id)
    try_to(
        request,
        lambda: ledger.take_back(line=line, day=timezone.localdate(), actor=request.user),
        _("The line is compensated by another one."),
    )
    return redirect(account_row)


@require_POST
@login_required
def open_account(request: PersonRequest, project_id: int, user_id: int) -> HttpResponse:
    """The account of who pays for a student of a project; made where there is none."""
    project = managed_project_or_404(request.user, project_id)
    member = get_object_or_404(project.students.order_by("-pk"), student_id=user_id, left_on=None)
    with transaction.atomic():
        row = ledger.locked_account(project.teacher_id, member.pays_id)
    return redirect(row)


@require_safe
@login_required
def month(request: PersonRequest) -> HttpResponseBase:
    """A teacher's month: hours, earned, received, owed, by project; as a picture and as a table."""
    user = request.user
    if not teaches(user):
        raise Http404
    found = teachers_month(user, asked_day(request, timezone.localdate()))
    if request.GET.get("format") in FORMATS:
        money = [_("Earned"), _("Received"), _("Owed today"), _("Currency")]
        headings = [_("Project"), pgettext("taught", "Lessons"), _("Hours"), *money]
        table = (
            [
                *(one.name, one.lessons, one.hours),
                *(to_decimal(amount, one.currency) for amount in (one.earned, one.received, one.owed)),
                one.currency,
            ]
            for one in found.projects
        )
        return as_file(date_format(found.first, "F Y"), request.GET["format"], headings, table)
    given = [one for one in found.projects if one.minutes]
    most = max((one.minutes for one in given), default=0)
    bars = [
        {"row": one, "y": n * 32, "text_y": n * 32 + 20, "width": one.minutes * 300 // most}
        for n, one in enumerate(given)
    ]
    context = {
        "month": found,
        "bars": bars,
        "height": len(bars) * 32,
        "before": (found.first.replace(day=1) - date.resolution).replace(day=1),
        "after": found.last + date.resolution,
        "earned": _texts(found.earned),
        "received": _texts(found.received),
        "owed": _texts(found.owed),
    }
    return render(request, "tutoring/month.html", context)


@require_safe
@login_required
def policies(request: PersonRequest) -> HttpResponse:
    user = request.user
    if not teaches(user):
        raise Http404
    rows = [{"policy": row, "version": row.current, "is_own": row.owner_id == user.pk} for row in policies_for(user)]
    return render(request, "tutoring/policies.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def policy(request: PersonRequest, policy_id: int | None = None) -> HttpResponse:
    """Make a cancellation policy, or a new version of one: lessons planned already keep theirs."""
    user = request.user
    if not teaches(user):
        raise Http404
    row = get_object_or_404(Policy, pk=policy_id, owner=user) if policy_id else None
    current = row.current if row else PolicyVersion()
    initial = {"name": row.name} if row else {}
    form = PolicyForm(request.POST or None, instance=PolicyVersion(**_same(current)), initial=initial)
    form.order_fields(["name", *form.fields])
    if request.method == "POST" and form.is_valid():
        save_policy(owner=user, policy=row, name=form.cleaned_data["name"], version=form.save(commit=False))
        messages.success(request, _("Saved. Lessons planned from now on are under it."))
        return redirect("tutoring_policies")
    return form_page(
        request,
        form,
        title=row.name if row else _("New cancellation policy"),
        submit=_("Save"),
        back=reverse("tutoring_policies"),
    )


def _same(version: PolicyVersion) -> dict[str, Any]:
    return {name: getattr(version, name) for name in PolicyForm.Meta.fields}

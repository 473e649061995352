"""Forms of money: payments, packages, entries, cancellation policies."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.tutoring.currencies import currency_choices
from learning.tutoring.models import (
    Account,
    LineKind,
    PolicyVersion,
    Project,
    ProjectStudent,
)
from learning.tutoring.models.money import Method
from learning.tutoring.web.forms.fields import MoneyField, day_field, minutes_field, smallest_units


class PaymentForm(forms.Form):
    amount = MoneyField(label=_("Amount"))
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    day = day_field(_("Date"), required=True)
    method = forms.ChoiceField(label=_("How"), choices=Method.choices)
    charge = forms.TypedMultipleChoiceField(
        label=pgettext_lazy("money", "For"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: the oldest unpaid lessons."),
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)

    def __init__(self, *args: Any, charges: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["charge"]
        field.choices = charges
        if not charges:
            del self.fields["charge"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("amount") is not None and "currency" in cleaned:
            cleaned["units"] = smallest_units(self, "amount", cleaned["currency"])
        return cleaned


class EntryForm(forms.Form):
    kind = forms.ChoiceField(
        label=pgettext_lazy("money", "What"),
        choices=[(kind.value, kind.label) for kind in (LineKind.REFUND, LineKind.ADJUSTMENT, LineKind.WRITE_OFF)],
    )
    amount = MoneyField(
        label=_("Amount"), min_value=Decimal(-(10**9)), help_text=_("An adjustment below zero is owed by the payer.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)
    day = day_field(_("Date"), required=True)
    note = forms.CharField(label=_("Note"), max_length=300)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("amount") is not None and "currency" in cleaned:
            cleaned["units"] = smallest_units(self, "amount", cleaned["currency"])
        return cleaned


class PackageForm(forms.Form):
    project = forms.ModelChoiceField(label=_("Project"), queryset=Project.objects.none(), empty_label=None)
    units = forms.IntegerField(label=pgettext_lazy("taught", "Lessons"), min_value=1, max_value=500, initial=10)
    minutes = minutes_field(initial=60)
    price = MoneyField(label=_("Price of all together"))
    bought_on = day_field(_("Date"), required=True)
    expires_on = day_field(_("Last day"), help_text=_("Empty: without an end."))

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Project.objects.filter(teacher=account.teacher, students__in=_paid_by(account.payer)).distinct()
        self.fields["project"].queryset = own  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("price") is not None and cleaned.get("project"):
            cleaned["amount"] = smallest_units(self, "price", cleaned["project"].currency)
        return cleaned


def _paid_by(payer: User) -> Any:
    return ProjectStudent.objects.filter(Q(payer=payer) | Q(payer=None, student=payer))


class PeriodForm(forms.Form):
    first = day_field(_("From"))
    last = day_field(_("Until"))


class PolicyForm(forms.ModelForm):
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=80)

    class Meta:
        model = PolicyVersion
        fields = ("free_hours", "late_percent", "missed_percent", "free_late", "free_late_in", "teacher_percent")

    field_order = ("name",)

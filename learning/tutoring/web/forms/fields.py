"""Fields that several forms of private lessons have."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from learning.tutoring.currencies import from_decimal
from learning.tutoring.models.projects import LONGEST_LESSON, MOST_MONEY, is_storable_day
from learning.tutoring.schedule.zones import HOUR, INSTANT

LOCAL = "%Y-%m-%dT%H:%M"


def day_field(label: Any, *, required: bool = False, **kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, validators=[_check_day], **kwargs)


def _check_day(day: date) -> None:
    if not is_storable_day(day):
        raise ValidationError(_("This date is out of range."))


def minutes_field(**kwargs: Any) -> forms.IntegerField:
    return forms.IntegerField(label=_("Minutes"), min_value=5, max_value=LONGEST_LESSON, **kwargs)


def local_field(label: Any, *, required: bool = True, **kwargs: Any) -> forms.DateTimeField:
    """Date and time in the zone of the person, as `PersonMiddleware` has set it."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    return forms.DateTimeField(label=label, required=required, widget=widget, input_formats=[LOCAL], **kwargs)


def keep_field(label: Any) -> forms.ChoiceField:
    """What stays when a project gets another time zone: the hour of its lessons, or their moment."""
    return forms.ChoiceField(
        label=label,
        choices=[(HOUR, _("Lessons keep their hour")), (INSTANT, _("Lessons stay at the same moment"))],
        initial=HOUR,
        widget=forms.RadioSelect,
    )


class MoneyField(forms.DecimalField):
    """An amount as people write it; `from_decimal` makes the integer that is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=3, **{"min_value": Decimal(0), **kwargs})


def smallest_units(form: forms.Form | forms.ModelForm, name: str, currency: str) -> int:
    """The integer of a money field; adds an error to the form where it has too many decimals."""
    value: Decimal = form.cleaned_data.get(name) or Decimal(0)
    try:
        amount = from_decimal(value, currency)
    except ValueError:
        form.add_error(name, _("This currency has fewer decimals."))
        return 0
    if abs(amount) > MOST_MONEY:
        form.add_error(name, _("The amount must be more than zero, and not beyond all measure."))
    return amount

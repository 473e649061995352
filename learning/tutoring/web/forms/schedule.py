"""Forms of the schedule: weekly rules, the time of one lesson, days off."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from learning.tutoring.models import (
    DayOff,
    Lesson,
    Project,
)
from learning.tutoring.models.rules import MOST_WEEKS_BETWEEN
from learning.tutoring.schedule.days_off import CANCEL, MOVE, PROLONG
from learning.tutoring.schedule.times import Slot, Version, instant_of
from learning.tutoring.web.forms.fields import day_field, minutes_field

SLOTS = 4  # lines of the form of a weekly rule


class RuleForm(forms.Form):
    """A weekly rule, or a new version of one: up to four lessons a week."""

    from_date = day_field(_("From"), required=True)
    until = day_field(_("Until"), help_text=_("Empty: open."))
    every = forms.IntegerField(label=_("Every how many weeks"), min_value=1, max_value=MOST_WEEKS_BETWEEN, initial=1)

    def __init__(self, data: Any = None, *, project: Project, current: Version | None = None) -> None:
        initial: dict[str, Any] = {"from_date": project.today}
        slots = current.slots if current else ()
        if current:
            initial |= {"every": current.every, "until": current.until}
            initial["from_date"] = max(project.today, current.from_date)
        # more lines than usual where the rule has more lessons already
        self.numbers = [*(slot.number for slot in slots)]
        free = iter(number for number in range(100) if number not in self.numbers)
        self.numbers += [next(free) for _line in range(max(1, SLOTS - len(slots)))]
        for slot in slots:
            initial |= {f"day{slot.number}": slot.weekday, f"at{slot.number}": slot.at}
            initial[f"minutes{slot.number}"] = slot.minutes
        super().__init__(data, initial=initial)
        days = [("", _("no lesson")), *((number, str(name).capitalize()) for number, name in WEEKDAYS.items())]
        for number in self.numbers:
            label = _("Lesson %(n)s of the week") % {"n": number + 1}
            self.fields[f"day{number}"] = forms.TypedChoiceField(
                label=_("Weekday"), choices=days, required=False, coerce=int, empty_value=None
            )
            self.fields[f"at{number}"] = forms.TimeField(
                label=_("At"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            )
            self.fields[f"minutes{number}"] = minutes_field(required=False, initial=project.minutes)
            for name in ("day", "at", "minutes"):
                field = self.fields[f"{name}{number}"]
                field.widget.attrs["aria-label"] = f"{label}: {field.label}"

    def lines(self) -> list[tuple[Any, Any, Any]]:
        return [(self[f"day{n}"], self[f"at{n}"], self[f"minutes{n}"]) for n in self.numbers]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        slots = []
        for number in self.numbers:
            weekday, at = cleaned.get(f"day{number}"), cleaned.get(f"at{number}")
            if weekday is None:
                continue
            if at is None:
                self.add_error(f"at{number}", _("At what time?"))
                continue
            minutes = cleaned.get(f"minutes{number}") or self.fields[f"minutes{number}"].initial
            slots.append(Slot(number, weekday, at.replace(second=0, microsecond=0), minutes))
        if not slots and not self.errors:
            self.add_error(None, _("Choose one weekday at least."))
        if not self.errors:
            cleaned["version"] = Version(cleaned["from_date"], cleaned["until"], cleaned["every"], tuple(slots))
        return cleaned


class TimeForm(forms.Form):
    """When a lesson is, in the time zone of its project."""

    day = day_field(_("Day"), required=True)
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = minutes_field()

    def __init__(
        self,
        data: Any = None,
        *,
        zone: ZoneInfo,
        starts_at: datetime | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        facts = dict(initial or {})
        if starts_at is not None:
            local = starts_at.astimezone(zone)
            facts = {"day": local.date(), "at": local.time(), **facts}
        super().__init__(data, initial=facts)
        self.zone = zone

    def starts_at(self) -> datetime:
        at: time = self.cleaned_data["at"]
        return instant_of(self.cleaned_data["day"], at.replace(second=0, microsecond=0), self.zone)


class MoveForm(TimeForm):
    following = forms.BooleanField(label=_("This and all following"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, data: Any = None, *, lesson: Lesson, may_change_rules: bool) -> None:
        zone, initial = lesson.project.zone, {"minutes": lesson.minutes}
        super().__init__(data, zone=zone, starts_at=lesson.starts_at, initial=initial)
        if lesson.rule_id is None or not may_change_rules:
            del self.fields["following"]


class WishForm(TimeForm):
    note = forms.CharField(label=_("Note"), max_length=300, required=False)

    def __init__(self, data: Any = None, *, lesson: Lesson, zone: ZoneInfo) -> None:
        super().__init__(data, zone=zone, starts_at=lesson.starts_at)
        del self.fields["minutes"]


class CancelForm(forms.Form):
    by = forms.ChoiceField(
        label=_("Who cancels"),
        choices=[("teacher", _("I, the teacher")), ("student", _("The student"))],
        initial="teacher",
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class SwapForm(forms.Form):
    other = forms.ModelChoiceField(label=_("With"), queryset=Lesson.objects.none(), empty_label=None)

    def __init__(self, *args: Any, lessons: Any, label: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["other"]
        field.queryset = lessons
        field.label_from_instance = label


class DaysOffForm(forms.ModelForm):
    first = day_field(_("First day"), required=True)
    last = day_field(_("Last day"), required=True)
    what = forms.ChoiceField(
        label=_("Lessons on these days"),
        choices=[
            (CANCEL, _("are cancelled")),
            (MOVE, _("are moved to the next free day at the same hour")),
            (PROLONG, _("are cancelled, and the project is as many lessons longer")),
        ],
        initial=CANCEL,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = DayOff
        fields = ("first", "last", "what", "reason")

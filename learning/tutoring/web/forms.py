"""Forms of private lessons."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.courses.models import LessonPage
from learning.courses.routing import find_page
from learning.tutoring.currencies import currency_choices, from_decimal, to_decimal
from learning.tutoring.homework.lessons import readable_lessons
from learning.tutoring.models import (
    Account,
    DayOff,
    Goal,
    Lesson,
    LessonKind,
    LineKind,
    PolicyVersion,
    Presence,
    Project,
    ProjectStudent,
)
from learning.tutoring.models.lessons import PLAN_FIELDS
from learning.tutoring.models.money import Method
from learning.tutoring.models.projects import LONGEST_LESSON, MOST_MONEY, is_storable_day
from learning.tutoring.models.rules import MOST_WEEKS_BETWEEN
from learning.tutoring.projects.actions import kinds_for, policies_for
from learning.tutoring.schedule.days_off import CANCEL, MOVE, PROLONG
from learning.tutoring.schedule.times import Slot, Version, instant_of
from learning.tutoring.schedule.zones import HOUR, INSTANT

SLOTS = 4  # lines of the form of a weekly rule
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


class NewProjectForm(forms.Form):
    """Five fields; the rest has defaults and is changed on the page of the project."""

    taught = forms.CharField(label=_("What is taught"), max_length=120, help_text=_("Such as “English” or “Algebra”."))
    email = forms.EmailField(max_length=254, label=_("E-mail of the student"), help_text=_("They are invited by mail."))
    minutes = minutes_field(initial=60)
    price = MoneyField(label=_("Price of a lesson"), initial=0)
    currency = forms.ChoiceField(label=_("Currency"), choices=currency_choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "price" in cleaned and "currency" in cleaned:
            cleaned["amount"] = smallest_units(self, "price", cleaned["currency"])
        return cleaned


class ProjectForm(forms.ModelForm):
    starts_on = day_field(_("Starts on"), required=True)
    ends_on = day_field(_("Ends on"), help_text=_("Empty: without an end."))
    amount = MoneyField(label=_("Price of a lesson"))
    keep = keep_field(_("If you change the time zone"))

    class Meta:
        model = Project
        fields = ("taught", "level_from", "level_to", "kinds", "starts_on", "ends_on", "minutes", "amount", "currency",
                  "place", "time_zone", "keep", "policy", "notes")  # fmt: skip
        widgets = {"kinds": forms.CheckboxSelectMultiple, "notes": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        project = self.instance
        self.fields["kinds"].queryset = kinds_for(project.teacher)  # type: ignore[attr-defined]
        self.fields["policy"].queryset = policies_for(project.teacher)  # type: ignore[attr-defined]
        self.fields["policy"].empty_label = None  # type: ignore[attr-defined]
        self.initial["amount"] = to_decimal(project.price, project.currency)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "amount" in cleaned and "currency" in cleaned:
            self.instance.price = smallest_units(self, "amount", cleaned["currency"])
        return cleaned


class ZoneForm(forms.Form):
    """Which projects take over the teacher's new zone, and what of their lessons stays."""

    projects = forms.TypedMultipleChoiceField(
        label=_("Projects that change to it"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: lessons stay in the time zone that their project has."),
    )
    keep = keep_field(_("Their lessons"))

    def __init__(self, *args: Any, projects: list[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["projects"]
        field.choices = [(project.pk, f"{project.label or project} ({project.time_zone})") for project in projects]
        field.initial = [project.pk for project in projects]


class StudentForm(forms.Form):
    email = forms.EmailField(max_length=254, label=_("E-mail"), help_text=_("They are invited by mail."))
    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("For who has no account here yet.")
    )


class AddStudentForm(StudentForm):
    joined_on = day_field(_("From"), help_text=_("Empty: from today."))


class PayerForm(forms.Form):
    email = forms.EmailField(
        max_length=254, label=_("E-mail of who pays"), required=False, help_text=_("Empty: the student.")
    )
    name = forms.CharField(label=_("Name"), max_length=80, required=False)


class LeaveForm(forms.Form):
    left_on = day_field(_("First day without them"), help_text=_("Empty: today."))


class GoalForm(forms.ModelForm):
    by = day_field(_("By when"))

    class Meta:
        model = Goal
        fields = ("text", "by", "points", "evidence")
        labels = {"text": pgettext_lazy("goal", "What"), "evidence": pgettext_lazy("goal", "How it will be seen")}


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


class PlanForm(forms.ModelForm):
    class Meta:
        model = Lesson
        fields = PLAN_FIELDS
        widgets = {
            name: forms.Textarea(attrs={"rows": 3})
            for name in ("aims", "subsidiary_aims", "new_words", "processes", "links", "materials")
        }


class ReportForm(forms.Form):
    report = forms.CharField(
        label=_("Report for the student"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What was done, and what comes next. It is sent by mail."),
    )


class TaskForm(forms.Form):
    text = forms.CharField(label=_("Task"), max_length=200)
    points = forms.IntegerField(label=_("Points"), min_value=0, max_value=1000, initial=0, required=False)


class PresenceForm(forms.Form):
    """Who was there: one choice for each student of a lesson."""

    def __init__(self, *args: Any, attendances: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in attendances:
            self.fields[f"s{row.student_id}"] = forms.ChoiceField(
                label=row.student.get_full_name(), choices=Presence.choices, initial=row.presence
            )

    def presences(self) -> dict[int, str]:
        return {int(name[1:]): value for name, value in self.cleaned_data.items()}


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


class KindForm(forms.ModelForm):
    class Meta:
        model = LessonKind
        fields = ("name",)


class HomeworkForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200)
    text = forms.CharField(
        label=_("What is to be done"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    link = forms.URLField(label=_("Link"), max_length=500, required=False, assume_scheme="https")
    page = forms.CharField(
        label=_("Lesson of a course"), max_length=500, required=False, help_text=_("The address of its page here.")
    )
    file = forms.FileField(label=_("File"), required=False)
    due = forms.ChoiceField(
        label=_("Due"),
        choices=[("next", _("at the next lesson")), ("at", _("on this day:")), ("none", _("at no certain time"))],
        initial="next",
        widget=forms.RadioSelect,
    )
    due_at = local_field(_("On"), required=False)
    points = forms.IntegerField(label=_("Points"), min_value=0, max_value=1000, initial=0, required=False)
    students = forms.ModelMultipleChoiceField(
        label=_("For"), queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, students: list[User], in_project: bool, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["students"]
        field.queryset = User.objects.filter(pk__in=[person.pk for person in students])
        field.initial = [person.pk for person in students]
        field.label_from_instance = lambda person: person.get_full_name()
        self.reader = reader
        if not in_project:
            due: Any = self.fields["due"]
            due.choices = due.choices[1:]
            due.initial = "none"

    def clean_page(self) -> LessonPage | None:
        address = self.cleaned_data["page"].strip()
        if not address:
            return None
        try:
            page = find_page(urlsplit(address).path)
        except ValueError:  # not an address (promise 32)
            page = None
        # a lesson that the teacher may not read is answered as one that is not there (promise 5)
        if not isinstance(page, LessonPage) or not readable_lessons(self.reader, [page.pk]):
            raise ValidationError(_("There is no lesson at this address."))
        return page

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("due") == "at" and not cleaned.get("due_at") and "due_at" not in self.errors:
            self.add_error("due_at", _("On which day?"))
        return cleaned


class AnswerForm(forms.Form):
    """What the teacher says to an attempt."""

    attempt = forms.IntegerField(widget=forms.HiddenInput)
    comment = forms.CharField(
        label=_("Comment"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    points = forms.IntegerField(label=_("Points"), min_value=0, max_value=1000, required=False)
    mark = forms.CharField(label=pgettext_lazy("homework", "Mark"), max_length=20, required=False)

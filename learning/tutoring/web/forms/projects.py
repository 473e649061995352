"""Forms of projects: their facts, students and goals, kinds of lessons."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.tutoring.currencies import currency_choices, to_decimal
from learning.tutoring.models import (
    Goal,
    LessonKind,
    Project,
)
from learning.tutoring.projects.actions import kinds_for, policies_for
from learning.tutoring.web.forms.fields import MoneyField, day_field, keep_field, minutes_field, smallest_units


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


class KindForm(forms.ModelForm):
    class Meta:
        model = LessonKind
        fields = ("name",)

"""Forms of one lesson: plan, report, tasks, attendance."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from learning.tutoring.models import (
    Lesson,
    Presence,
)
from learning.tutoring.models.lessons import PLAN_FIELDS


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

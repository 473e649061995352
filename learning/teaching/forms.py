"""Forms of the pages under `/teaching/`."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.accounts.rights import may_teach
from learning.courses.programme import ProgrammeModule
from learning.enrollment.models import Opening, StudyGroup
from learning.enrollment.models.groups import is_storable_date
from learning.enrollment.rights import may_name_teachers
from learning.teaching.letters import Words

LOCAL = "%Y-%m-%dT%H:%M"
# ten years: dates stay far from the ends of the calendar, where sums of dates fail (promise 32)
MAX_DAYS = 3650


def instant_field(label: Any, **kwargs: Any) -> forms.DateTimeField:
    """Return a field for date and time, in the time zone of the user."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=[LOCAL], **kwargs)


class GroupForm(forms.ModelForm):
    starts_at = instant_field(_("Starts"))
    ends_at = instant_field(_("Ends"), help_text=_("From then on active enrolments of the group expire."))

    class Meta:
        model = StudyGroup
        fields = ["name", "teachers", "capacity", "starts_at", "ends_at", "note"]
        widgets = {"teachers": forms.CheckboxSelectMultiple, "note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(may_teach(), is_active=True).distinct().order_by("display_name")
        self.fields["teachers"].queryset = people  # type: ignore[attr-defined]
        # a teacher of a group reads and writes the course: a field that is not offered cannot be set (promise 7)
        if not may_name_teachers(actor, self.instance.course_id):
            del self.fields["teachers"]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        # Django checks no constraint of which a field is not in the form, here the course
        same = StudyGroup.objects.filter(course_id=self.instance.course_id, name=name).exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError(_("This course has a study group of this name already."))
        return name

    def clean_capacity(self) -> int | None:
        capacity = self.cleaned_data["capacity"]
        if capacity is not None and capacity < 1:
            raise ValidationError(_("One place at least, or nothing for no limit."))
        return capacity


class OpeningForm(forms.Form):
    """When one module opens for a group: at an instant, or days after the group's start, or at once."""

    at = instant_field(_("On"))
    days = forms.IntegerField(label=_("Days after the start"), required=False, min_value=0, max_value=MAX_DAYS)

    def __init__(self, *args: Any, module: ProgrammeModule, opening: Opening | None, **kwargs: Any) -> None:
        initial = (
            {"days": opening.days, "at": None if opening.days is not None else opening.opens_at} if opening else {}
        )
        # the module's id, not its place: modules may be moved while the page is open
        super().__init__(*args, **{**kwargs, "prefix": f"m{module.id}", "initial": initial})
        self.module, self.opening = module, opening
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{module.title}: {field.label}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        # a date near the ends of the calendar fails later, when a time zone is applied (promise 32)
        if not is_storable_date(cleaned.get("at")):
            raise ValidationError({"at": _("This date is out of range.")})
        if cleaned.get("at") and cleaned.get("days") is not None:
            raise ValidationError(_("A date or a number of days, not both."))
        return cleaned

    def wanted(self) -> tuple[datetime | None, int | None]:
        return self.cleaned_data["at"], self.cleaned_data["days"]


class ShiftForm(forms.Form):
    module = forms.TypedChoiceField(label=_("From"), coerce=int)
    days = forms.IntegerField(label=_("By how many days"), min_value=-MAX_DAYS, max_value=MAX_DAYS, initial=7)

    def __init__(self, *args: Any, modules: tuple[ProgrammeModule, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["module"].choices = [(module.id, module.title) for module in modules]  # type: ignore[attr-defined]


class LetterForm(forms.Form):
    """A letter in at least one language. Each recipient gets it in their own language, if that is filled in."""

    language = forms.ChoiceField(label=_("Language of the letter"), choices=settings.LANGUAGES)
    essential = forms.BooleanField(
        label=_("Essential"),
        required=False,
        help_text=_("Goes also to those who have stopped letters. For what they must know, such as a changed date."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, name in settings.LANGUAGES:
            self.fields[f"subject_{code}"] = forms.CharField(
                label=_("Subject · %(language)s") % {"language": name}, max_length=200, required=False
            )
            self.fields[f"body_{code}"] = forms.CharField(
                label=_("Letter · %(language)s") % {"language": name},
                max_length=20_000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 8}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for code, _name in settings.LANGUAGES:
            parts = [cleaned.get(f"subject_{code}"), cleaned.get(f"body_{code}")]
            needed = cleaned.get("language") == code
            for part, field in zip(parts, (f"subject_{code}", f"body_{code}"), strict=True):
                # a text that is too long is missing from `cleaned`, too: it has its own error already
                if not part and (needed or any(parts)) and field not in self.errors:
                    self.add_error(field, _("A letter needs a subject and a text."))
        return cleaned

    def words(self) -> Words:
        """Return subject and body of each language that is filled in."""
        return {
            code: {
                # a new line in a subject could add a header to the mail; Django would refuse it in the worker
                "subject": " ".join(self.cleaned_data[f"subject_{code}"].split()),
                "body": self.cleaned_data[f"body_{code}"],
            }
            for code, _name in settings.LANGUAGES
            if self.cleaned_data[f"subject_{code}"]
        }

    def pairs(self) -> list[tuple[str, str, Any, Any]]:
        """(code, name, subject field, body field) of each language, for the page."""
        return [(code, name, self[f"subject_{code}"], self[f"body_{code}"]) for code, name in settings.LANGUAGES]

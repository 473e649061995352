"""Forms of homework: giving it, and answering."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.courses.models import LessonPage
from learning.courses.routing import find_page
from learning.tutoring.homework.lessons import readable_lessons
from learning.tutoring.web.forms.fields import local_field


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

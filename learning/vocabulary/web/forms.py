"""Forms of the learner's deck and of word sets."""

from typing import Any, ClassVar

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.enrollment.models import StudyGroup
from learning.enrollment.rights import managed_courses
from learning.vocabulary.models import CardKind, DeckSettings, Language, WordSet
from learning.vocabulary.models.cards import FIRST_KINDS, FORM_KINDS
from learning.vocabulary.sets.access import taught_groups, taught_students

MOST_CHOICES = 200  # people and groups in a list to choose from


class DeckForm(forms.ModelForm[DeckSettings]):
    """The settings of a deck; for each language the kinds of cards that a saved word gets."""

    retention = forms.IntegerField(
        label=_("Wanted retention, in %"),
        min_value=70,
        max_value=97,
        help_text=_("How many of a hundred cards you want to remember. More means more reviews."),
    )
    easy_days = forms.TypedMultipleChoiceField(
        label=_("Easy days"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("On these days half as many cards come, and due dates avoid them."),
    )

    class Meta:
        model = DeckSettings
        fields: ClassVar = ["new_a_day", "reviews_a_day", "goal_days", "types_answers", "underlines"]
        help_texts: ClassVar = {
            "goal_days": _("Days without learning are days off, not faults. 0: no goal."),
            "types_answers": _("Otherwise you say yourself whether you knew it."),
        }

    field_order = ["new_a_day", "reviews_a_day", "retention", "easy_days", "goal_days", "types_answers"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = self.instance
        # here, not in the class: the names are those of the reader's language
        days = [(number, str(name).capitalize()) for number, name in WEEKDAYS.items()]
        self.fields["easy_days"].choices = days  # type: ignore[attr-defined]
        self.fields["retention"].initial = round(100 * settings.retention)
        self.fields["easy_days"].initial = settings.easy_days
        self.languages = list(Language.objects.all())
        for language in self.languages:
            self.fields[f"kinds_{language.code}"] = forms.MultipleChoiceField(
                label=_("Cards of a word: %(language)s") % {"language": language.name},
                choices=_kinds_of(language),
                initial=settings.kinds_of(language),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    def save(self, commit: bool = True) -> DeckSettings:
        data = self.cleaned_data
        settings = self.instance
        settings.retention, settings.easy_days = data["retention"] / 100, sorted(data["easy_days"])
        chosen = {language.code: data[f"kinds_{language.code}"] for language in self.languages}
        first = [str(kind) for kind in FIRST_KINDS]
        # without any kind a saved word would never be asked
        settings.kinds = {code: kinds or first for code, kinds in chosen.items()}
        return super().save(commit)


def _kinds_of(language: Language) -> list[tuple[str, str]]:
    """The kinds of cards that words of this language can have."""
    forms_here = {form for kinds in language.forms.values() for form in kinds}
    return [
        (value, str(label))
        for value, label in CardKind.choices
        if (value not in FORM_KINDS or value in forms_here) and (value != CardKind.GENDER or language.has_genders)
    ]


class WordSetForm(forms.ModelForm[WordSet]):
    class Meta:
        model = WordSet
        fields: ClassVar = ["name", "about"]


class GiveForm(forms.Form):
    """To whom a word set is given, and until when it is to be learned.

    A short list of students is offered by name; out of a long one a student is named by the e-mail address.
    """

    to = forms.ChoiceField(label=_("To whom"), required=False)
    email = forms.EmailField(label=_("Or to a student, by e-mail"), required=False)
    learn_by = forms.DateField(
        label=pgettext_lazy("word set", "Learn until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, giver: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taught = taught_students(giver)
        # without an order: all students of a school would have to be sorted for it
        some = list(self.taught.order_by()[: MOST_CHOICES + 1])
        some = sorted(some, key=lambda one: one.get_full_name().casefold()) if len(some) <= MOST_CHOICES else []
        self.students = {f"s{one.pk}": one for one in some}
        groups = taught_groups(giver).order_by("name", "pk")[:MOST_CHOICES]
        self.groups: dict[str, StudyGroup] = {f"g{one.pk}": one for one in groups}
        courses = managed_courses(giver).order_by("title", "pk")[:MOST_CHOICES]
        self.courses = {f"c{one.pk}": one for one in courses}
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            (_("Courses"), [(key, one.title) for key, one in self.courses.items()]),
            (_("Study groups"), [(key, one.name) for key, one in self.groups.items()]),
            (_("Students"), [(key, one.get_full_name()) for key, one in self.students.items()]),
        ]
        if self.students:
            del self.fields["email"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        key, email = data.get("to", ""), data.get("email", "")
        self.target: dict[str, Any] = {}
        if key in self.students:
            self.target = {"student": self.students[key]}
        elif key in self.groups:
            self.target = {"group": self.groups[key]}
        elif key in self.courses:
            self.target = {"course_id": self.courses[key].pk}
        elif email and (student := self.taught.filter(email__iexact=email).first()):
            self.target = {"student": student}
        elif not self.errors:
            raise forms.ValidationError(_("Choose a course, a group or a student whom you teach."))
        return data


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Your note"),
        required=False,
        max_length=300,
        help_text=_("A picture in words, a rhyme, a trap: shown with the answer. Only you see it."),
    )

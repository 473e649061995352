"""Filters of the lists."""

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet

from learning.accounts.models import User
from learning.tutoring.models import LedgerLine, Lesson, LineKind, Project, ProjectStudent, Status
from learning.tutoring.money.allocation import PAID_LABELS, Paid
from learning.tutoring.money.paid import with_paid


def teachers() -> list[tuple[int, str]]:
    """Everyone who has a project, by name."""
    rows = User.objects.filter(pk__in=Project.objects.values("teacher_id")).order_by("display_name", "pk")
    return [(person.pk, person.get_full_name()) for person in rows]


def students() -> list[tuple[int, str]]:
    rows = User.objects.filter(pk__in=ProjectStudent.objects.values("student_id")).order_by("display_name", "pk")
    return [(person.pk, person.get_full_name()) for person in rows[:500]]


class ProjectFilter(WagtailFilterSet):
    state = django_filters.ChoiceFilter(label=_("State"), choices=Project.State.choices)
    teacher = django_filters.ChoiceFilter(label=_("Teacher"), field_name="teacher_id", choices=teachers)

    class Meta:
        model = Project
        fields: tuple[str, ...] = ()


class LessonFilter(WagtailFilterSet):
    status = django_filters.ChoiceFilter(label=_("Status"), choices=Status.choices)
    teacher = django_filters.ChoiceFilter(label=_("Teacher"), field_name="teacher_id", choices=teachers)
    student = django_filters.ChoiceFilter(
        label=_("Student"), field_name="attendances__student_id", choices=students, distinct=True
    )
    paid = django_filters.ChoiceFilter(
        label=_("Paid"), choices=[(one.value, label) for one, label in PAID_LABELS.items()], method="filter_paid"
    )
    starts_at = django_filters.DateFromToRangeFilter(label=_("Dates"), widget=DateRangePickerWidget)

    class Meta:
        model = Lesson
        fields: tuple[str, ...] = ()

    def filter_paid(self, queryset: QuerySet[Lesson], name: str, value: str) -> QuerySet[Lesson]:
        return with_paid(queryset, Paid(value))


class LineFilter(WagtailFilterSet):
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=LineKind.choices)
    teacher = django_filters.ChoiceFilter(label=_("Teacher"), field_name="account__teacher_id", choices=teachers)
    day = django_filters.DateFromToRangeFilter(label=_("Dates"), widget=DateRangePickerWidget)

    class Meta:
        model = LedgerLine
        fields: tuple[str, ...] = ()

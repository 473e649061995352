"""Filters of enrolments, shared by the CMS, teachers' pages, exports and letters."""

from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet

from learning.base.numbers import parse_id
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.rights import managed_courses, manages_course
from learning.enrollment.statuses import READING, Status

COURSES_OFFERED = 100
NO_GROUP = "none"
UNSEEN_DAYS = 7


class Share(models.TextChoices):
    NOTHING = "nothing", _("Nothing done")
    BELOW_HALF = "below_half", _("Less than half")
    ABOVE_HALF = "above_half", _("Half or more")
    ALL = "all", _("Everything done")


class Seen(models.TextChoices):
    LATELY = "lately", _("In the last 7 days")
    NOT_7 = "not7", _("Not for 7 days")
    NOT_30 = "not30", _("Not for 30 days")
    NEVER = "never", _("Never")


SHARES = {
    Share.NOTHING: Q(percent=0),
    Share.BELOW_HALF: Q(percent__gt=0, percent__lt=50),
    Share.ABOVE_HALF: Q(percent__gte=50, percent__lt=100),
    Share.ALL: Q(percent=100),
}


def unseen(days: int) -> Q:
    """Filter to students who have read nothing in the last `days` days, without those who enrolled in them."""
    before = timezone.now() - timedelta(days=days)
    # who enrolled only yesterday and has not read yet needs no reminder
    return Q(last_read_at__lt=before) | Q(last_read_at=None, created_at__lt=before)


def _by_seen(rows: QuerySet[Enrollment], name: str, value: str) -> QuerySet[Enrollment]:
    wanted = {
        Seen.LATELY: Q(last_read_at__gte=timezone.now() - timedelta(days=UNSEEN_DAYS)),
        Seen.NOT_7: unseen(UNSEEN_DAYS),
        Seen.NOT_30: unseen(30),
        Seen.NEVER: Q(last_read_at=None),
    }
    return rows.filter(wanted[Seen(value)])


def _by_share(rows: QuerySet[Enrollment], name: str, value: str) -> QuerySet[Enrollment]:
    return rows.filter(SHARES[Share(value)])


def _by_group(rows: QuerySet[Enrollment], name: str, value: str) -> QuerySet[Enrollment]:
    if value == NO_GROUP:
        return rows.filter(group=None)
    # safe: the field has let through only ids of its own choices
    return rows.filter(group_id=int(value))


def course_choices(user: Any, asked: str) -> list[tuple[str, str]]:
    """Return the first courses that `user` manages, and the one asked for: a school may have a thousand."""
    managed = managed_courses(user)
    rows = list(managed.order_by("title").values_list("pk", "title")[:COURSES_OFFERED])
    course_id = parse_id(asked)
    # else a link to the list of one more course would be an invalid filter, which finds nothing
    if course_id is not None and course_id not in dict(rows):
        rows += managed.filter(pk=course_id).values_list("pk", "title")
    return [(str(pk), title) for pk, title in rows]


class EnrollmentFilter(WagtailFilterSet):
    """Filters enrolments of one course (`course_id`), or of all courses that the user of the request manages."""

    course = django_filters.ChoiceFilter(label=_("Course"), field_name="course_id")
    group = django_filters.ChoiceFilter(label=_("Study group"), method=_by_group)
    status = django_filters.MultipleChoiceFilter(
        label=_("Status"), choices=Status.choices, widget=forms.CheckboxSelectMultiple
    )
    share = django_filters.ChoiceFilter(label=_("Progress"), choices=Share.choices, method=_by_share)
    seen = django_filters.ChoiceFilter(label=_("Last seen"), choices=Seen.choices, method=_by_seen)
    created_at = django_filters.DateFromToRangeFilter(label=_("Enrolled"), widget=DateRangePickerWidget)

    class Meta:
        model = Enrollment
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, course_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = str(self.data.get("course", "")) if course_id is None else str(course_id)
        # choices depend on the user, so they are set on this instance: the class's filters are shared
        if course_id is None:
            self.filters["course"].extra["choices"] = course_choices(self.request.user, asked)
        else:
            del self.filters["course"]
        course_asked = parse_id(asked)
        # the names of another course's groups are not for this user (promise 6)
        if course_asked and (course_id is not None or manages_course(self.request.user, course_asked)):
            groups = StudyGroup.objects.filter(course_id=course_asked).values_list("pk", "name")
            choices = [(NO_GROUP, _("In no group")), *((str(pk), name) for pk, name in groups)]
            self.filters["group"].extra["choices"] = choices
        else:
            # a group belongs to one course, so a course must be chosen first
            del self.filters["group"]


ORDERS = {
    "name": ("user__display_name", "pk"),
    "group": ("group__name", "pk"),
    "status": ("status", "pk"),
    "progress": ("percent", "pk"),
    "seen": ("last_read_at", "pk"),
    "since": ("created_at", "pk"),
}


def ordered(rows: QuerySet[Enrollment], asked: str) -> tuple[QuerySet[Enrollment], str]:
    """Sort by one of `ORDERS`, descending after a minus sign; empty values come last. Return also the order."""
    name = asked.lstrip("-")
    if name not in ORDERS:
        name, asked = "name", "name"
    field, tie = ORDERS[name]
    down = asked.startswith("-")
    # said here, since PostgreSQL takes NULL for the largest value and SQLite for the smallest
    first = F(field).desc(nulls_last=True) if down else F(field).asc(nulls_last=True)
    # without the key as a second order, rows of equal value could come on two pages or on none
    return rows.order_by(first, tie), asked


def searched(rows: QuerySet[Enrollment], words: str) -> QuerySet[Enrollment]:
    """Filter to students whose name or e-mail contains each of these words."""
    # PostgreSQL refuses NUL in a text (promise 32); six words limit the cost of the query
    for word in words.replace("\x00", "").split()[:6]:
        rows = rows.filter(Q(user__display_name__icontains=word) | Q(user__email__icontains=word))
    return rows


def summary_filters() -> dict[str, Q]:
    """Return the named filters of what a teacher looks at first: requests, the queue, who is away, and so on."""
    return {
        "waiting": Q(status=Status.REQUESTED),
        "queued": Q(status=Status.WAITLISTED),
        "reading": Q(status__in=READING),
        "completed": Q(status=Status.COMPLETED),
        "unseen": Q(status=Status.ACTIVE) & unseen(UNSEEN_DAYS),
    }

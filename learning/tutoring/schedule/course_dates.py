"""Dates of a person's courses in their calendar: starts, ends, and openings of modules."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from learning.base.compiled import CompiledQuery
from learning.courses.models import CoursePage, ModulePage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment, Opening, StudyGroup
from learning.enrollment.statuses import READING

MOST_DATES = 100


@dataclass(frozen=True, slots=True)
class CourseDate:
    """A date of a course: its start or end, or the opening of a module."""

    day: date
    at: datetime
    text: str
    url: str


_studied = CompiledQuery(
    lambda user_id: Enrollment.objects.filter(user_id=user_id, status__in=READING, course__live=True).values_list(
        "course_id", "group_id"
    )
)
_taught = CompiledQuery(
    lambda user_id: StudyGroup.objects.filter(teachers=user_id, course__live=True).values_list("course_id", "pk")[
        :MOST_DATES
    ]
)


def start_course_dates(
    user_id: int, begins: datetime, ends: datetime, *, as_teacher: bool
) -> Callable[[], list[CourseDate]]:
    """Ask for the courses and study groups of a person, in an `in_one_trip`; the result gives their dates."""
    studied = _studied.start(user_id)
    taught = _taught.start(user_id) if as_teacher else list
    return lambda: _course_dates([*studied(), *taught()], begins, ends)


def _course_dates(rows: Iterable[tuple[int, int | None]], begins: datetime, ends: datetime) -> list[CourseDate]:
    """Starts, ends and openings of these courses and study groups in this time, oldest first."""
    rows = list(rows)
    courses = {course for course, _group in rows}
    groups = {group for _course, group in rows if group}
    if not courses:
        return []
    found: list[CourseDate] = []
    for course in CoursePage.objects.filter(pk__in=courses).only("title", "url_path", "starts_at", "ends_at", "path"):
        for at, words in ((course.starts_at, _("%(what)s starts")), (course.ends_at, _("%(what)s ends"))):
            if at and begins <= at < ends:
                found.append(_dated(at, begins, words % {"what": course.title}, address_of(course.url_path)))
    for group_row in (
        StudyGroup.objects.filter(pk__in=groups)
        .select_related("course")
        .only("name", "starts_at", "ends_at", "course__url_path", "course__path", "course__title")
    ):
        url = address_of(group_row.course.url_path)
        for at, words in ((group_row.starts_at, _("%(what)s starts")), (group_row.ends_at, _("%(what)s ends"))):
            if at and begins <= at < ends:
                found.append(_dated(at, begins, words % {"what": group_row.name}, url))
    found += _openings(groups, begins, ends)
    return sorted(found, key=lambda one: one.at)[:MOST_DATES]


def _dated(at: datetime, begins: datetime, text: str, url: str) -> CourseDate:
    return CourseDate(at.astimezone(begins.tzinfo).date(), at, text, url)


def _openings(groups: Iterable[int], begins: datetime, ends: datetime) -> list[CourseDate]:
    rows = list(
        Opening.objects.filter(group_id__in=list(groups), opens_at__gte=begins, opens_at__lt=ends).values_list(
            "module_id", "opens_at"
        )[:MOST_DATES]
    )
    modules = ModulePage.objects.live().only("title", "url_path", "path").in_bulk({pk for pk, _at in rows})
    return [
        _dated(at, begins, _("%(what)s opens") % {"what": modules[pk].title}, address_of(modules[pk].url_path))
        for pk, at in rows
        if pk in modules
    ]

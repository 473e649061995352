"""What a calendar shows: lessons and dates of courses in a range of days, placed on a grid of hours."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.courses.models import CoursePage, ModulePage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment, Opening, StudyGroup
from learning.enrollment.statuses import READING
from learning.tutoring.access import scheduled_lessons
from learning.tutoring.models import Attendance, Lesson, Presence, Status
from learning.tutoring.models.lessons import LessonQuerySet
from learning.tutoring.schedule.times import monday_of

MOST_LESSONS = 500  # of one view
MOST_DATES = 100
SHOWN_IN_MONTH = 6  # lessons of one day
FIRST_HOUR, LAST_HOUR = 8, 20  # that a week shows at least
MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A lesson in the calendar of one person, in that person's zone."""

    lesson: Lesson
    starts_at: datetime
    ends_at: datetime
    names: str  # of the others in it
    is_taught: bool  # whether the person teaches it, and may move it
    is_readable: bool  # whether they may open it: a payer may not
    is_called_off: bool = False  # by this person, while the others of the group have it
    day: date | None = None  # in which it stands, where that is not the day on which it begins
    column: int = 0
    columns: int = 1

    @property
    def top(self) -> int:
        """Minutes since midnight of the day in which it stands."""
        return 0 if self._began_before else self.starts_at.hour * 60 + self.starts_at.minute

    @property
    def minutes(self) -> int:
        """Of the day in which it stands: what is before and after its midnights is left out."""
        if self._began_before:
            return self.ends_at.hour * 60 + self.ends_at.minute
        return min(int((self.ends_at - self.starts_at).total_seconds() // 60), MINUTES_OF_DAY - self.top)

    @property
    def _began_before(self) -> bool:
        return self.day is not None and self.starts_at.date() < self.day


@dataclass(frozen=True, slots=True)
class CourseDate:
    """A date of a course: its start or end, or the opening of a module."""

    day: date
    at: datetime
    text: str
    url: str


@dataclass(slots=True)
class Day:
    day: date
    is_today: bool
    entries: list[Entry] = field(default_factory=list)
    dates: list[CourseDate] = field(default_factory=list)
    is_off: bool = False

    @property
    def in_month(self) -> list[Entry]:
        """The entries for which a month has room."""
        return self.entries[:SHOWN_IN_MONTH]

    @property
    def more_in_month(self) -> int:
        """How many a month leaves out."""
        return max(len(self.entries) - SHOWN_IN_MONTH, 0)


def lessons_for(user: User, first: date, last: date, zone: ZoneInfo) -> LessonQuerySet:
    """The lessons of a person that overlap these days of their zone, the last day included."""
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    rows = (
        scheduled_lessons(user).between(begins, ends).select_related("project", "teacher").prefetch_related(_people())
    )
    rows = rows.exclude(status=Status.CANCELLED, cancelled_by="schedule").order_by("starts_at", "pk")
    return rows.only(*_LESSON, *(f"teacher__{name}" for name in _PERSON), "project__taught", "project__teacher_id")


# what a calendar says: no plans, which are long
_LESSON = ("project_id", "teacher_id", "starts_at", "ends_at", "status", "cancelled_by", "theme")
_PERSON = ("display_name", "email", "anonymised_at")


def _people() -> Prefetch:
    facts = ("lesson_id", "student_id", "payer_id", "presence", *(f"student__{name}" for name in _PERSON))
    return Prefetch("attendances", Attendance.objects.select_related("student").only(*facts))


def entry_of(lesson: Lesson, user: User, zone: ZoneInfo) -> Entry:
    attendances = list(lesson.attendances.all())
    students = [one.student for one in attendances]
    is_taught = user.pk in {lesson.teacher_id, lesson.project.teacher_id}
    if is_taught:
        names = ", ".join(student.get_full_name() for student in students)
    else:
        own = [student for student in students if student.pk == user.pk]
        # a payer sees for whom it is; a student with whom
        names = str(lesson.teacher) if own else ", ".join(student.get_full_name() for student in _paid(lesson, user))
    return Entry(
        lesson,
        lesson.starts_at.astimezone(zone),
        lesson.ends_at.astimezone(zone),
        names,
        is_taught=is_taught,
        is_readable=is_taught or any(student.pk == user.pk for student in students),
        is_called_off=lesson.status == Status.PLANNED
        and any(one.student_id == user.pk and one.presence == Presence.EXCUSED for one in attendances),
    )


def _paid(lesson: Lesson, user: User) -> list[User]:
    return [one.student for one in lesson.attendances.all() if one.payer_id == user.pk]


def days_of(user: User, first: date, last: date) -> list[Day]:
    """The days from `first` to `last` of a person's calendar; a bounded number of queries."""
    zone = ZoneInfo(user.time_zone)
    today = timezone.localdate(timezone=zone)
    days = {first + timedelta(days=n): Day(first + timedelta(days=n), False) for n in range((last - first).days + 1)}
    for day in days.values():
        day.is_today = day.day == today
    for lesson in lessons_for(user, first, last, zone)[:MOST_LESSONS]:
        entry = entry_of(lesson, user, zone)
        # a lesson over midnight that has begun before the first day stands in that day
        begins = max(entry.starts_at.date(), first)
        if begins in days:
            days[begins].entries.append(replace(entry, day=begins))
    for one in course_dates(user, first, last, zone):
        days[one.day].dates.append(one)
    for day_off in user.days_off.filter(project=None, last__gte=first, first__lte=last):
        for day in days.values():
            day.is_off = day.is_off or day_off.first <= day.day <= day_off.last
    for day in days.values():
        day.entries = side_by_side(day.entries)
    return list(days.values())


def side_by_side(entries: list[Entry]) -> list[Entry]:
    """Give entries that overlap columns beside one another: a cancelled lesson and the one in its place."""
    placed: list[Entry] = []
    cluster: list[tuple[Entry, int]] = []
    ends: list[datetime] = []  # of the columns of the cluster

    def flush() -> None:
        placed.extend(replace(entry, column=column, columns=len(ends)) for entry, column in cluster)
        cluster.clear()
        ends.clear()

    for entry in sorted(entries, key=lambda one: (one.starts_at, one.lesson.pk)):
        if ends and entry.starts_at >= max(ends):
            flush()
        column = next((n for n, end in enumerate(ends) if end <= entry.starts_at), len(ends))
        if column == len(ends):
            ends.append(entry.ends_at)
        else:
            ends[column] = entry.ends_at
        cluster.append((entry, column))
    flush()
    return placed


def course_dates(user: User, first: date, last: date, zone: ZoneInfo) -> list[CourseDate]:
    """Starts, ends and openings of the person's courses and study groups in these days, oldest first."""
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    studies = list(
        Enrollment.objects.filter(user=user, status__in=READING, course__live=True).values_list("course_id", "group_id")
    )
    courses = {course for course, _group in studies}
    groups = {group for _course, group in studies if group}
    found: list[CourseDate] = []
    if user.has_perm("accounts.teach"):
        taught = StudyGroup.objects.filter(teachers=user, course__live=True).values_list("pk", "course_id")
        for group, course in taught[:MOST_DATES]:
            groups.add(group)
            courses.add(course)
    if not courses:
        return []
    for course in CoursePage.objects.filter(pk__in=courses).only("title", "url_path", "starts_at", "ends_at", "path"):
        for at, words in ((course.starts_at, _("%(what)s starts")), (course.ends_at, _("%(what)s ends"))):
            if at and begins <= at < ends:
                found.append(_dated(at, zone, words % {"what": course.title}, address_of(course.url_path)))
    for group_row in (
        StudyGroup.objects.filter(pk__in=groups)
        .select_related("course")
        .only("name", "starts_at", "ends_at", "course__url_path", "course__path", "course__title")
    ):
        url = address_of(group_row.course.url_path)
        for at, words in ((group_row.starts_at, _("%(what)s starts")), (group_row.ends_at, _("%(what)s ends"))):
            if at and begins <= at < ends:
                found.append(_dated(at, zone, words % {"what": group_row.name}, url))
    found += _openings(groups, begins, ends, zone)
    return sorted(found, key=lambda one: one.at)[:MOST_DATES]


def _dated(at: datetime, zone: ZoneInfo, text: str, url: str) -> CourseDate:
    return CourseDate(at.astimezone(zone).date(), at, text, url)


def _openings(groups: Iterable[int], begins: datetime, ends: datetime, zone: ZoneInfo) -> list[CourseDate]:
    rows = list(
        Opening.objects.filter(group_id__in=list(groups), opens_at__gte=begins, opens_at__lt=ends).values_list(
            "module_id", "opens_at"
        )[:MOST_DATES]
    )
    modules = ModulePage.objects.live().only("title", "url_path", "path").in_bulk({pk for pk, _at in rows})
    return [
        _dated(at, zone, _("%(what)s opens") % {"what": modules[pk].title}, address_of(modules[pk].url_path))
        for pk, at in rows
        if pk in modules
    ]


def key_of(days: list[Day]) -> tuple[Any, ...]:
    """Everything that a page says of these days, for the key of its cached part."""
    return tuple(
        (
            one.day,
            one.is_today,
            one.is_off,
            tuple((date.text, date.url) for date in one.dates),
            tuple(_facts(entry) for entry in one.entries),
        )
        for one in days
    )


def _facts(entry: Entry) -> tuple[Any, ...]:
    lesson = entry.lesson
    times = (entry.starts_at, lesson.ends_at, lesson.waits_for_mark, lesson.has_begun)
    place = (entry.column, entry.columns, entry.day, entry.is_taught, entry.is_readable, entry.is_called_off)
    return lesson.pk, lesson.project_id, lesson.status, lesson.project.taught, entry.names, times, place


def hours_of(days: list[Day]) -> range:
    """The hours that a grid of these days shows: the working day, and more where lessons need it."""
    first, last = FIRST_HOUR, LAST_HOUR
    for day in days:
        for entry in day.entries:
            first = min(first, entry.top // 60)
            last = max(last, -(-(entry.top + entry.minutes) // 60))
    return range(first, min(last, 24))


def weeks_of_month(day: date) -> tuple[date, date]:
    """The Monday before the first day of the month, and the Sunday after its last."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    last = following - timedelta(days=1)
    return monday_of(first), monday_of(last) + timedelta(days=6)

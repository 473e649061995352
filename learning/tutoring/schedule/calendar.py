"""What a calendar shows: lessons and dates of courses in a range of days, placed on a grid of hours."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery, in_one_trip
from learning.tutoring.access import teaches
from learning.tutoring.models import Attendance, DayOff, Lesson, Presence, Status
from learning.tutoring.schedule.course_dates import CourseDate, start_course_dates
from learning.tutoring.schedule.reading import Part, start_lessons
from learning.tutoring.schedule.times import monday_of

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


def entry_of(lesson: Lesson, user: User, zone: tzinfo, parts: Sequence[Part | Attendance] | None = None) -> Entry:
    """A lesson as this person sees it; `parts` are its students, where they are read already."""
    if parts is None:
        parts = list(lesson.attendances.all())
    is_taught = user.pk in {lesson.teacher_id, lesson.project.teacher_id}
    own = next((part for part in parts if part.student_id == user.pk), None)
    if is_taught:
        names = ", ".join(part.student.get_full_name() for part in parts)
    elif own:
        names = str(lesson.teacher)
    else:  # a payer sees for whom it is
        names = ", ".join(part.student.get_full_name() for part in parts if part.payer_id == user.pk)
    return Entry(
        lesson,
        lesson.starts_at.astimezone(zone),
        lesson.ends_at.astimezone(zone),
        names,
        is_taught=is_taught,
        is_readable=is_taught or own is not None,
        is_called_off=own is not None and own.presence == Presence.EXCUSED and lesson.status == Status.PLANNED,
    )


# of the whole person, not of one project
_days_off = CompiledQuery(
    lambda user_id, first, last: DayOff.objects.filter(
        person_id=user_id, project=None, last__gte=first, first__lte=last
    ).values_list("first", "last")
)


def days_of(user: User, first: date, last: date) -> list[Day]:
    """The days from `first` to `last` of a person's calendar; a bounded number of queries."""
    zone = ZoneInfo(user.time_zone)
    today = timezone.localdate(timezone=zone)
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    days = {day: Day(day, is_today=day == today) for day in dates}
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    as_teacher, teaches_courses = teaches(user), user.has_perm("accounts.teach")
    with in_one_trip():
        lessons = start_lessons(user.pk, begins, ends, as_teacher=as_teacher)
        of_courses = start_course_dates(user.pk, begins, ends, as_teacher=teaches_courses)
        off = _days_off.start(user.pk, first, last)
    for lesson, parts in lessons():
        entry = entry_of(lesson, user, zone, parts)
        # a lesson over midnight that has begun before the first day stands in that day
        day = max(entry.starts_at.date(), first)
        if day in days:
            days[day].entries.append(replace(entry, day=day))
    for one in of_courses():
        days[one.day].dates.append(one)
    for begin, end in off():
        for found in days.values():
            found.is_off = found.is_off or begin <= found.day <= end
    for found in days.values():
        found.entries = side_by_side(found.entries)
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

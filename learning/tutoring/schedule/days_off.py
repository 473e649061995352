"""Days off of a teacher or a student: lessons are cancelled, moved, or made up for by a longer project."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import lock_lesson
from learning.tutoring.lessons.requests import cost_of_cancelling, others_come, stay_away
from learning.tutoring.models import Attendance, By, DayOff, Lesson, Project, Status
from learning.tutoring.models.projects import SCHEDULED, is_storable_day
from learning.tutoring.schedule.applying import apply_rules
from learning.tutoring.schedule.busy import busy_of
from learning.tutoring.schedule.changing import cancel_lesson, lock_lessons, move_lesson
from learning.tutoring.schedule.plan import ranges_off, stored_versions
from learning.tutoring.schedule.times import instant_of, occurrences

CANCEL, MOVE, PROLONG = "cancel", "move", "prolong"
LONGEST = timedelta(days=366)
LOOKED_AHEAD = 28  # days after the range, in which a free time is looked for
MOST_WEEKS_LONGER = 60


@dataclass(slots=True)
class DaysOffResult:
    """What days off have done."""

    cancelled: list[Lesson] = field(default_factory=list)
    moved: list[Lesson] = field(default_factory=list)
    longer: dict[str, date] = field(default_factory=dict)  # the new last day, by the name of the project


def lessons_in(person: User, first: date, last: date, project: Project | None = None) -> list[Lesson]:
    """The planned lessons of a teacher in these days, or of a student in one project."""
    rows = Lesson.objects.filter(status=Status.PLANNED, ends_at__gt=timezone.now()).select_related("project")
    own = {"teacher": person} if project is None else {"project": project, "attendances__student": person}
    # a day more on both sides: which day it is differs by zone
    begins = datetime.combine(first, time(), tzinfo=UTC) - timedelta(days=1)
    ends = datetime.combine(last, time(), tzinfo=UTC) + timedelta(days=2)
    rows = rows.filter(starts_at__range=(begins, ends), **own)
    return [lesson for lesson in rows.order_by("starts_at") if first <= lesson.local_date <= last]


@transaction.atomic
def take_days_off(
    *,
    person: User,
    first: date,
    last: date,
    actor: User,
    what: str = CANCEL,
    project: Project | None = None,
    reason: str = "",
) -> DaysOffResult:
    """Note days off, of a teacher in all of their projects or of a student in one, and act on the lessons in them.

    `what`: cancel them, move each to the next day at the same hour on which everyone is free (cancelled where there
    is none), or cancel them and make the project longer by as many lessons.
    """
    if not (is_storable_day(first) and is_storable_day(last)):
        raise TutoringError("out_of_range", _("This date is out of range."))
    if last < first:
        raise TutoringError("order", _("The last day is before the first."))
    if last - first > LONGEST:
        raise TutoringError("too_long", _("Days off are at most a year."))
    if what not in {CANCEL, MOVE, PROLONG}:
        raise TutoringError("what", _("Say what is to become of the lessons."))
    lock_lessons(lessons_in(person, first, last, project), person.pk)
    # read under the locks: another tab may have moved one of them
    lessons = lessons_in(person, first, last, project)
    DayOff.objects.create(person=person, project=project, first=first, last=last, reason=reason[:300])
    result = DaysOffResult()
    for lesson in lessons:
        _free_of(lesson, person, project, last, actor, what, reason or _("Days off"), result)
    if what == PROLONG:
        _prolong([lesson for lesson in result.cancelled if lesson.status == Status.CANCELLED], actor, result)
    return result


def _free_of(  # noqa: PLR0917
    lesson: Lesson,
    person: User,
    project: Project | None,
    last: date,
    actor: User,
    what: str,
    reason: str,
    result: DaysOffResult,
) -> None:
    """Cancel or move one lesson; of a group whose others come, only this student's part."""
    if project is not None and others_come(lesson, person):
        row = lock_lesson(lesson.pk)
        stay_away(row, person, cost_of_cancelling(row, person).percent, actor, reason)
        result.cancelled.append(row)
        return
    free = _next_free(lesson, last) if what == MOVE else None
    if free is not None:
        result.moved.append(move_lesson(lesson=lesson, starts_at=free, minutes=lesson.minutes, actor=actor))
        return
    by = By.TEACHER if project is None else By.STUDENT
    result.cancelled.append(cancel_lesson(lesson=lesson, by=by, actor=actor, reason=reason))


def _next_free(lesson: Lesson, last: date) -> datetime | None:
    """The next day after the range on which everyone is free at the hour of the lesson."""
    people = [lesson.teacher_id, *Attendance.objects.filter(lesson=lesson).values_list("student_id", flat=True)]
    at = lesson.starts_at.astimezone(lesson.project.zone).time().replace(tzinfo=None)
    times = [instant_of(last + timedelta(days=n), at, lesson.project.zone) for n in range(1, LOOKED_AHEAD + 1)]
    length = lesson.ends_at - lesson.starts_at
    busy = busy_of(people, times[0], times[-1] + length, without=[lesson.pk])
    return next((start for start in times if busy.is_free(people, start, start + length)), None)


def _prolong(lessons: list[Lesson], actor: User, result: DaysOffResult) -> None:
    for project_id in dict.fromkeys(lesson.project_id for lesson in lessons):
        lost = sum(1 for lesson in lessons if lesson.project_id == project_id)
        project = Project.objects.get(pk=project_id)
        end = _later_end(project, lost)
        if end is None:
            continue
        project.ends_on = end
        project.save(update_fields=["ends_on"])
        apply_rules(project=project, actor=actor)
        result.longer[project.taught] = end


def _later_end(project: Project, lost: int) -> date | None:
    """The day on which the rules have made up for so many lessons; None where they never do, or need not."""
    if project.ends_on is None or project.state not in SCHEDULED:
        return None
    first = project.ends_on + timedelta(days=1)
    last = first + timedelta(weeks=MOST_WEEKS_LONGER)
    off = ranges_off(project, list(project.students.current()))
    days = sorted(
        one.day
        for versions in stored_versions(project).values()
        for one in occurrences(versions, project.zone, first, last)
        if not any(begin <= one.day <= end for begin, end in off)
    )
    return days[lost - 1] if len(days) >= lost else None

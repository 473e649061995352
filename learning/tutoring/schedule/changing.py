"""Changing single lessons: add, move, swap, cancel, bring back, give to a substitute."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.history import note_status
from learning.tutoring.models import (
    Attendance,
    By,
    Lesson,
    LessonChange,
    PersonCalendar,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.projects import FIRST_YEAR, LAST_YEAR, LONGEST_LESSON
from learning.tutoring.money.charging import charge_cancelled, uncharge
from learning.tutoring.schedule.applying import Proposal
from learning.tutoring.schedule.busy import check_free
from learning.tutoring.schedule.plan import stored_versions
from learning.tutoring.schedule.times import Slot, Version, monday_of
from learning.tutoring.schedule.writing import (
    lock_people,
    new_lesson,
    note_changes,
    refusing_clashes,
    set_cancelled,
    set_planned,
    set_time,
    store_moved,
    store_new,
    time_change,
    write_times,
)

SHORTEST_LESSON = 5  # minutes


def check_time(starts_at: datetime, minutes: int) -> None:
    """Raise TutoringError unless a lesson can be then, and be so long."""
    if not FIRST_YEAR <= starts_at.year <= LAST_YEAR:
        raise TutoringError("out_of_range", _("This date is out of range."))
    if not SHORTEST_LESSON <= minutes <= LONGEST_LESSON:
        raise TutoringError(
            "minutes",
            _("A lesson takes %(least)s to %(most)s minutes.") % {"least": SHORTEST_LESSON, "most": LONGEST_LESSON},
        )


def lock_lessons(lessons: Iterable[Lesson], *more_people: int) -> None:
    """Lock the calendars of everyone in these lessons and in their projects."""
    ids = [lesson.pk for lesson in lessons]
    rows = Lesson.objects.filter(pk__in=ids)
    students = Attendance.objects.filter(lesson__in=ids).values_list("student_id", flat=True)
    members = ProjectStudent.objects.filter(project__in=rows.values("project")).values_list("student_id", flat=True)
    teachers = [pk for pair in rows.values_list("teacher_id", "project__teacher_id") for pk in pair]
    PersonCalendar.objects.lock({*teachers, *students, *members, *more_people})


def locked(lesson_id: int, *more_people: int) -> Lesson:
    """Lock the calendars of everyone in the lesson, then the lesson itself, and read it again."""
    lock_lessons([Lesson(pk=lesson_id)], *more_people)
    return Lesson.objects.select_for_update(of=("self",)).select_related("project", "policy").get(pk=lesson_id)


def people_of(lesson: Lesson) -> list[int]:
    """The teacher and the students of a lesson."""
    students = Attendance.objects.filter(lesson=lesson).values_list("student_id", flat=True)
    return [lesson.teacher_id, *students]


@transaction.atomic
def move_lesson(*, lesson: Lesson, starts_at: datetime, minutes: int, actor: User, reason: str = "") -> Lesson:
    """Move a planned lesson, or change its length. Raises ClashError if someone in it has another lesson then."""
    check_time(starts_at, minutes)
    lesson = locked(lesson.pk)
    if lesson.status != Status.PLANNED:
        raise TutoringError("not_planned", _("Only a planned lesson can be moved."))
    if (lesson.starts_at, lesson.minutes) == (starts_at, minutes):
        return lesson
    check_free(people_of(lesson), starts_at, starts_at + timedelta(minutes=minutes), without=[lesson.pk])
    before = lesson.starts_at
    set_time(lesson, starts_at, minutes)
    lesson.is_moved = lesson.rule_id is not None
    refusing_clashes(lambda: write_times([lesson]))
    note_changes([time_change(lesson, before, actor, reason)])
    if before != lesson.starts_at:
        mail.tell_students(lesson, "moved", before=before, reason=reason)
    return lesson


@transaction.atomic
def swap_lessons(*, first: Lesson, second: Lesson, actor: User) -> tuple[Lesson, Lesson]:
    """Give two planned lessons of one teacher each other's start; each keeps its length."""
    if first.pk == second.pk:
        raise TutoringError("same", _("Choose two different lessons."))
    # everyone of both lessons at once: locked one lesson after the other, two swaps could wait for each other
    lock_lessons([first, second])
    rows = Lesson.objects.select_for_update(of=("self",)).select_related("project", "policy")
    one, other = rows.filter(pk__in=[first.pk, second.pk]).order_by("pk")
    if {one.status, other.status} != {Status.PLANNED}:
        raise TutoringError("not_planned", _("Only a planned lesson can be moved."))
    times = one.starts_at, other.starts_at
    set_time(one, times[1], one.minutes)
    set_time(other, times[0], other.minutes)
    for lesson in (one, other):
        lesson.is_moved = lesson.rule_id is not None
    store_moved([one, other])
    note_changes([time_change(one, times[0], actor), time_change(other, times[1], actor)])
    for lesson, before in zip((one, other), times, strict=True):
        mail.tell_students(lesson, "moved", before=before)
    return one, other


@transaction.atomic
def add_lesson(*, project: Project, starts_at: datetime, minutes: int, actor: User) -> Lesson:
    """Add a single lesson, which no weekly rule has made."""
    check_time(starts_at, minutes)
    lock_people(project)
    project = Project.objects.select_for_update(of=("self",)).select_related("policy").get(pk=project.pk)
    lesson = new_lesson(project, project.policy.current, starts_at, starts_at + timedelta(minutes=minutes))
    students = list(ProjectStudent.objects.filter(project=project).on(lesson.local_date))
    check_free([project.teacher_id, *(one.student_id for one in students)], lesson.starts_at, lesson.ends_at)
    refusing_clashes(lambda: store_new([lesson], students))
    note_status(lesson, "", actor)
    if not lesson.is_over:
        mail.tell_students(lesson, "added")
    return lesson


@transaction.atomic
def cancel_lesson(*, lesson: Lesson, by: By, actor: User, reason: str = "") -> Lesson:
    """Cancel a planned lesson; what it costs follows from its policy and the notice given."""
    lesson = locked(lesson.pk)
    if lesson.status == Status.CANCELLED and not lesson.is_withdrawn:
        return lesson
    if lesson.status not in {Status.PLANNED, Status.CANCELLED}:
        raise TutoringError("not_planned", _("Only a planned lesson can be cancelled."))
    before = lesson.status
    set_cancelled(lesson, by, reason[:300])
    write_times([lesson])
    note_status(lesson, before, actor, reason)
    charge_cancelled(lesson, actor)
    if by == By.TEACHER and not lesson.is_over:
        mail.tell_students(lesson, "cancelled", reason=reason)
    return lesson


@transaction.atomic
def bring_back(*, lesson: Lesson, actor: User) -> Lesson:
    """Plan a cancelled lesson again, if its time is still free; what its cancellation had cost is given back."""
    lesson = locked(lesson.pk)
    if lesson.status != Status.CANCELLED:
        return lesson
    if not lesson.has_begun:
        # who has left the project since does not come back with the lesson
        present = ProjectStudent.objects.filter(project=lesson.project_id).on(lesson.local_date)
        Attendance.objects.filter(lesson=lesson).exclude(student__in=present.values("student")).delete()
    check_free(people_of(lesson), lesson.starts_at, lesson.ends_at)
    was_withdrawn = lesson.is_withdrawn
    set_planned(lesson)
    # it is here by hand now: the rules that had taken it out do not take it out again
    if lesson.rule_id is not None and was_withdrawn:
        lesson.is_moved, lesson.rule_starts_at, lesson.rule_minutes = True, None, None
    refusing_clashes(lambda: write_times([lesson]))
    note_status(lesson, Status.CANCELLED, actor)
    uncharge(lesson, actor)
    if not lesson.is_over:
        mail.tell_students(lesson, "back")
    return lesson


@transaction.atomic
def give_to_substitute(*, lesson: Lesson, teacher: User, actor: User) -> Lesson:
    """Have another teacher give one lesson; money and project stay with the project's teacher."""
    lesson = locked(lesson.pk, teacher.pk)
    if lesson.status != Status.PLANNED:
        raise TutoringError("not_planned", _("Only a planned lesson can be given to another teacher."))
    if not teacher.is_active or not teacher.has_perm("tutoring.teach_privately"):
        raise TutoringError("no_teacher", _("This person gives no private lessons."))
    if lesson.teacher_id == teacher.pk:
        return lesson
    check_free([teacher.pk], lesson.starts_at, lesson.ends_at, without=[lesson.pk])
    before = lesson.teacher_id
    lesson.teacher = teacher
    lesson.raise_sequence()
    refusing_clashes(lambda: lesson.save(update_fields=["teacher", "sequence", "changed_at"]))
    note_changes(
        [
            LessonChange(
                lesson=lesson,
                kind=LessonChange.Kind.TEACHER,
                before=str(before),
                after=str(teacher.pk),
                actor=actor,
            )
        ]
    )
    return lesson


def following(lesson: Lesson, starts_at: datetime, minutes: int) -> Proposal:
    """The proposal by which a lesson and all that follow it in its rule are at another weekday and time.

    Raises TutoringError for a lesson that no rule has made.
    """
    check_time(starts_at, minutes)
    versions = stored_versions(lesson.project).get(lesson.rule_id or 0)
    if not versions or lesson.rule_date is None:
        raise TutoringError("single", _("No weekly rule has made this lesson: there are none that follow it."))
    current = _version_on(versions, lesson.rule_date)
    local = starts_at.astimezone(lesson.project.zone)
    if monday_of(local.date()) != monday_of(lesson.rule_date):
        raise TutoringError("week", _("This and all following move within their weeks: choose a day of the same week."))
    slots = tuple(
        Slot(slot.number, local.weekday(), local.time().replace(tzinfo=None), minutes)
        if slot.number == lesson.slot
        else slot
        for slot in current.slots
    )
    return Proposal(lesson.rule_id or 0, replace(current, from_date=_first_day(lesson, current), slots=slots))


def _version_on(versions: list[Version], day: date) -> Version:
    begun = [version for version in versions if version.from_date <= day]
    return begun[-1] if begun else versions[0]


def _first_day(lesson: Lesson, current: Version) -> date:
    """The Monday of the lesson's week, so that an earlier weekday of the same week is reached too; not before today,
    and not before the version that is changed."""
    day = lesson.rule_date or lesson.local_date
    return max(monday_of(day), current.from_date, timezone.localtime(timezone.now(), lesson.project.zone).date())

"""Marking lessons as held or missed, reopening them, attendance; each charges or gives back what it costs."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.history import note_status
from learning.tutoring.models import Attendance, Lesson, LessonChange, PersonCalendar, Presence, Status
from learning.tutoring.models.lessons import TRANSITIONS
from learning.tutoring.money.charging import charge_given, percent_given, uncharge, uncharge_absence
from learning.tutoring.schedule.busy import check_free

UNDONE_WITHIN = timedelta(seconds=30)
MARKS = frozenset({Status.HELD, Status.MISSED})
EARLY = timedelta(minutes=15)  # a lesson may be marked so long before its start, and no earlier


def lock_lesson(lesson_id: int) -> Lesson:
    return Lesson.objects.select_for_update(of=("self",)).select_related("project", "policy").get(pk=lesson_id)


@transaction.atomic
def mark(*, lesson: Lesson, status: str, actor: User, reason: str = "") -> tuple[Lesson, LessonChange | None]:
    """Mark a planned lesson as held or missed and charge it. Marking it once more changes nothing.

    Returns the lesson and the change, by which it can be undone.
    """
    lesson = lock_lesson(lesson.pk)
    if status not in MARKS:
        raise TutoringError("status", _("A lesson is marked as held or as missed."))
    # under the lock: of two tabs that mark it one finds it marked
    if lesson.status == status:
        return lesson, None
    if Status(status) not in TRANSITIONS[Status(lesson.status)]:
        raise TutoringError("not_planned", _("Only a planned lesson can be marked. Reopen this one first."))
    if lesson.starts_at - EARLY > timezone.now():
        raise TutoringError("too_early", _("This lesson has not begun yet."))
    before, lesson.status = lesson.status, status
    lesson.save(update_fields=["status"])
    change = note_status(lesson, before, actor, reason)
    charge_given(lesson, actor)
    return lesson, change


@transaction.atomic
def reopen(*, lesson: Lesson, actor: User, reason: str = "") -> Lesson:
    """Plan a held or missed lesson again; what it had cost is given back by lines that compensate."""
    lesson = lock_lesson(lesson.pk)
    if lesson.status == Status.PLANNED:
        return lesson
    if lesson.status not in MARKS:
        raise TutoringError("not_marked", _("Only a held or missed lesson can be reopened."))
    before, lesson.status = lesson.status, Status.PLANNED
    lesson.save(update_fields=["status"])
    note_status(lesson, before, actor, reason)
    uncharge(lesson, actor)
    return lesson


@transaction.atomic
def undo_mark(*, change_id: int, actor: User) -> Lesson:
    """Take back a mark of one's own, if nothing has happened to the lesson since."""
    change = LessonChange.objects.filter(pk=change_id, actor=actor, kind=LessonChange.Kind.STATUS).first()
    # the button is shown for 10 seconds; a slow network has a little longer. Later one reopens the lesson.
    if change is None or change.after not in MARKS or change.at < timezone.now() - UNDONE_WITHIN:
        raise TutoringError("no_such_change", _("There is nothing to undo."))
    lesson = lock_lesson(change.lesson_id)
    last = LessonChange.objects.filter(lesson=lesson, kind=LessonChange.Kind.STATUS).order_by("-pk").first()
    if last is None or last.pk != change.pk:
        raise TutoringError("changed", _("The lesson was changed since: look at it before you undo anything."))
    return reopen(lesson=lesson, actor=actor)


@transaction.atomic
def set_presence(*, lesson: Lesson, presences: dict[int, str], actor: User) -> Lesson:
    """Store who was there, by student; a lesson that is marked already is charged anew where it costs otherwise."""
    students = Attendance.objects.filter(lesson=lesson).values_list("student_id", flat=True)
    # calendars before the lesson: a student who comes after all needs their time again
    PersonCalendar.objects.lock([lesson.teacher_id, *students])
    lesson = lock_lesson(lesson.pk)
    if lesson.status == Status.CANCELLED:
        raise TutoringError("cancelled", _("This lesson was cancelled."))
    rows = [row for row in Attendance.objects.filter(lesson=lesson) if row.student_id in presences]
    changed = [row for row in rows if presences[row.student_id] != row.presence]
    if not changed:
        return lesson
    history = []
    recharged: list[int] = []
    for row in changed:
        after = Presence(presences[row.student_id])
        costs_other = percent_given(row, lesson) != percent_given(row, lesson, after)
        if costs_other:
            recharged.append(row.student_id)
        if row.presence == Presence.EXCUSED and not row.takes_time:
            check_free([row.student_id], lesson.starts_at, lesson.ends_at, without=[lesson.pk])
            uncharge_absence(lesson, row.student_id, actor)
            row.takes_time = True
        history.append(
            LessonChange(
                lesson=lesson,
                kind=LessonChange.Kind.PRESENCE,
                before=f"{row.student_id}:{row.presence}",
                after=f"{row.student_id}:{after}",
                actor=actor,
            )
        )
        row.presence = after
    Attendance.objects.bulk_update(changed, ["presence", "takes_time"])
    if lesson.status == Status.PLANNED:
        # who is excused has no lesson in their calendar
        lesson.raise_sequence()
        lesson.save(update_fields=["sequence", "changed_at"])
    LessonChange.objects.bulk_create(history)
    # only what costs otherwise: a line that is entered anew loses the payment that was put to it
    if lesson.status in MARKS and recharged:
        uncharge(lesson, actor, recharged)
        charge_given(lesson, actor, recharged)
    return lesson


def mark_all_held(*, lessons: Iterable[Lesson], actor: User) -> list[LessonChange]:
    """Mark each of these lessons as held, those that are over and still planned; returns the changes."""
    changes = []
    for lesson in lessons:
        if lesson.waits_for_mark:
            # one that was cancelled in another tab meanwhile keeps no other back
            with suppress(TutoringError):
                _lesson, change = mark(lesson=lesson, status=Status.HELD, actor=actor)
                if change is not None:
                    changes.append(change)
    return changes

"""What students ask for: to cancel a lesson, or to have it at another time."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import lock_lesson
from learning.tutoring.models import Attendance, By, Lesson, LessonChange, MoveRequest, Presence, Status
from learning.tutoring.money.charging import charge_absence, part_of, percent_of_cancelling
from learning.tutoring.schedule.changing import cancel_lesson, check_time, locked, move_lesson


@dataclass(frozen=True, slots=True)
class Cost:
    """What it costs a student to cancel a lesson now."""

    percent: int
    amount: int
    currency: str


def cost_of_cancelling(lesson: Lesson, student: User) -> Cost:
    percent = percent_of_cancelling(lesson, student.pk, lesson.starts_at - timezone.now())
    return Cost(percent, part_of(lesson.price, percent), lesson.currency)


def _check_open(lesson: Lesson) -> None:
    if lesson.status != Status.PLANNED:
        raise TutoringError("not_planned", _("This lesson is not planned any more."))
    if lesson.has_begun:
        raise TutoringError("begun", _("This lesson has begun already."))


@transaction.atomic
def call_off(*, lesson: Lesson, student: User, percent_seen: int, reason: str = "") -> Lesson:
    """Cancel a lesson as its student; of a group, one's own part of it.

    `percent_seen` is the share that was shown as its cost: if it would cost another one by now, nothing is done.
    """
    # calendars before the lesson, as in every action that changes time: two orders of locks would be a deadlock
    lesson = locked(lesson.pk)
    _check_open(lesson)
    if cost_of_cancelling(lesson, student).percent != percent_seen:
        raise TutoringError("cost", _("Cancelling costs something else by now. Look at it again."))
    if not others_come(lesson, student):
        lesson = cancel_lesson(lesson=lesson, by=By.STUDENT, actor=student, reason=reason)
    else:
        stay_away(lesson, student, percent_seen, student, reason)
    mail.tell_teacher(lesson, "called_off", student, reason=reason)
    return lesson


def others_come(lesson: Lesson, student: User) -> bool:
    """Whether the lesson takes place without this student."""
    others = Attendance.objects.filter(lesson=lesson).exclude(student=student)
    return others.exclude(presence=Presence.EXCUSED).exists()


def stay_away(lesson: Lesson, student: User, percent: int, actor: User, reason: str) -> None:
    """Note that one student of a group will not come; their time is free again. Lock the lesson before."""
    own = Attendance.objects.select_for_update().get(lesson=lesson, student=student)
    if own.presence == Presence.EXCUSED:
        return
    LessonChange.objects.create(
        lesson=lesson,
        kind=LessonChange.Kind.PRESENCE,
        before=f"{student.pk}:{own.presence}",
        after=f"{student.pk}:{Presence.EXCUSED}",
        actor=actor,
        reason=reason[:300],
    )
    # excused, so that the lesson costs nothing more when it is held: what calling off costs is charged here
    own.presence, own.takes_time = Presence.EXCUSED, False
    own.save(update_fields=["presence", "takes_time"])
    # in the calendar of this student the lesson is cancelled
    lesson.raise_sequence()
    lesson.save(update_fields=["sequence", "changed_at"])
    charge_absence(lesson, own, percent, actor)


@transaction.atomic
def ask_to_move(*, lesson: Lesson, student: User, wanted_at: datetime, note: str = "") -> MoveRequest:
    """Ask the teacher for another time. Asking again changes the wish that waits."""
    check_time(wanted_at, lesson.minutes)
    lesson = lock_lesson(lesson.pk)
    _check_open(lesson)
    if wanted_at <= timezone.now():
        raise TutoringError("past", _("Choose a time that is still to come."))
    waiting = MoveRequest.objects.filter(lesson=lesson, student=student, answer=MoveRequest.Answer.WAITING)
    request = waiting.first() or MoveRequest(lesson=lesson, student=student)
    request.wanted_at, request.note, request.at = wanted_at, note[:300], timezone.now()
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError as error:
        raise TutoringError("twice", _("You have asked already.")) from error
    mail.tell_of_request(request)
    return request


@transaction.atomic
def answer_request(*, request: MoveRequest, accept: bool, actor: User) -> MoveRequest:
    """Move the lesson as it was wished, or decline. Raises ClashError if the time is taken."""
    # the lesson before its request, as `ask_to_move` locks them
    locked(request.lesson_id)
    row = MoveRequest.objects.select_for_update(of=("self",)).select_related("lesson", "student").get(pk=request.pk)
    if row.answer:
        return row
    if accept and row.wanted_at <= timezone.now():
        raise TutoringError("past", _("The wished time is over by now."))
    if accept:
        moved = move_lesson(lesson=row.lesson, starts_at=row.wanted_at, minutes=row.lesson.minutes, actor=actor)
        row.lesson = moved
    row.answer = MoveRequest.Answer.ACCEPTED if accept else MoveRequest.Answer.DECLINED
    row.answered_at = timezone.now()
    row.save(update_fields=["answer", "answered_at"])
    mail.tell_of_request(row)
    return row

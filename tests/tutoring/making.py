"""Small factories for private lessons, through the project's own actions."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.homework.actions import Item, give_homework, hand_in
from learning.tutoring.homework.files import store_answer_file
from learning.tutoring.lessons.marking import mark
from learning.tutoring.lessons.requests import ask_to_move
from learning.tutoring.models import DayOff, HomeworkCopy, Lesson, Policy, PolicyVersion, Project, Status
from learning.tutoring.projects.actions import create_project, join
from learning.tutoring.schedule.applying import NEW, Proposal, apply_rules
from learning.tutoring.schedule.changing import add_lesson
from learning.tutoring.schedule.times import Slot, Version


def project(teacher: User, *students: User, taught: str = "English", **fields: Any) -> Project:
    # begun long ago: a lesson of some hours ago may be of yesterday
    facts: dict[str, Any] = {"time_zone": "Europe/Paris", "starts_on": timezone.localdate() - timedelta(days=60)}
    made = create_project(teacher=teacher, taught=taught, **{**facts, **fields})
    for student in students:
        join(project=made, person=student, joined_on=made.starts_on)
    return made


def slots(*rows: tuple[int, str], minutes: int = 60) -> tuple[Slot, ...]:
    """`slots((0, "18:00"), (2, "10:30"))`: Monday and Wednesday."""
    return tuple(Slot(number, weekday, time.fromisoformat(at), minutes) for number, (weekday, at) in enumerate(rows))


def proposal(
    from_date: date,
    *rows: tuple[int, str],
    rule_id: int = NEW,
    minutes: int = 60,
    every: int = 1,
    until: date | None = None,
) -> Proposal:
    return Proposal(rule_id, Version(from_date, until, every, slots(*rows, minutes=minutes)))


def weekly(of: Project, *rows: tuple[int, str], from_date: date | None = None, **facts: Any) -> list[Lesson]:
    """Store a weekly rule and return the lessons that it makes."""
    apply_rules(project=of, actor=of.teacher, proposal=proposal(from_date or of.today, *rows, **facts))
    return list(Lesson.objects.filter(project=of).order_by("starts_at"))


def lesson_at(of: Project, starts_at: datetime, minutes: int = 60) -> Lesson:
    return add_lesson(project=of, starts_at=starts_at, minutes=minutes, actor=of.teacher)


def past_lesson(of: Project, *, hours_ago: float = 2, minutes: int = 60) -> Lesson:
    """A lesson that is over and still planned."""
    return lesson_at(of, timezone.now() - timedelta(hours=hours_ago), minutes)


def coming_lesson(of: Project, *, hours: float = 48, minutes: int = 60) -> Lesson:
    return lesson_at(of, timezone.now().replace(second=0, microsecond=0) + timedelta(hours=hours), minutes)


def policy(teacher: User, **facts: Any) -> Policy:
    made = Policy.objects.create(name="Policy", owner=teacher)
    PolicyVersion.objects.create(policy=made, **facts)
    return made


def everything_about(student: User, teacher: User) -> None:
    """A row of each kind that private lessons store about a person: as a student, and as a teacher of someone else."""
    own = project(teacher, student, price=3000)
    taught = project(student, teacher, taught="Chess")
    for one, hours in ((own, 5), (taught, 9)):
        mark(lesson=past_lesson(one, hours_ago=hours), status=Status.HELD, actor=one.teacher)
    wanted_at = timezone.now() + timedelta(days=9)
    ask_to_move(lesson=coming_lesson(own, hours=70), student=student, wanted_at=wanted_at)
    DayOff.objects.create(person=student, first=own.today, last=own.today)
    for one, person in ((own, student), (taught, teacher)):
        facts = {"title": "Letter", "items": [Item("text", text="Write")], "students": [person], "project": one}
        give_homework(teacher=one.teacher, **facts)
    copy = HomeworkCopy.objects.get(student=student)
    store_answer_file(copy=copy, upload=SimpleUploadedFile("answer.txt", b"words"))
    hand_in(copy=copy, text="Dear Sir")


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[misc]

"""What is on today: for a student, and for a teacher of private lessons. Shown on the dashboard."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Sum
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.access import managed_copies, teaches
from learning.tutoring.currencies import money_text
from learning.tutoring.models import (
    Attendance,
    Goal,
    HomeworkCopy,
    LedgerLine,
    Lesson,
    MoveRequest,
    Presence,
    Project,
    Status,
)
from learning.tutoring.models.projects import GoalProgress
from learning.tutoring.money.month import debts

COMING_SHOWN, DUE_SHOWN, TO_MARK_SHOWN, DEBTS_SHOWN, LOOK_SHOWN = 3, 5, 20, 5, 5


@dataclass(slots=True)
class StudentToday:
    """A student's or payer's own: the next lessons, homework, what is owed, packages that run out."""

    coming: list[Lesson] = field(default_factory=list)
    homework: list[HomeworkCopy] = field(default_factory=list)
    balances: list[dict[str, Any]] = field(default_factory=list)

    @property
    def next(self) -> Lesson | None:
        return self.coming[0] if self.coming else None

    @property
    def is_empty(self) -> bool:
        return not (self.coming or self.homework or self.balances)

    @property
    def takes_lessons(self) -> bool:
        """Whether to speak of a next lesson: to who only pays for someone, or has homework of a course, it is none."""
        return bool(self.coming) or any(copy.homework.project_id for copy in self.homework)


@dataclass(slots=True)
class TeacherToday:
    """A teacher's: today's lessons, what waits for them, who owes, goals behind."""

    lessons: list[Lesson] = field(default_factory=list)
    to_mark: list[Lesson] = field(default_factory=list)
    requests: list[MoveRequest] = field(default_factory=list)
    homework: list[HomeworkCopy] = field(default_factory=list)
    debts: list[dict[str, Any]] = field(default_factory=list)
    behind: list[Project] = field(default_factory=list)
    has_projects: bool = False

    @property
    def is_shown(self) -> bool:
        """To a substitute as well, who has lessons and no project."""
        return self.has_projects or not self.is_empty

    @property
    def markable_today(self) -> list[Lesson]:
        return [lesson for lesson in self.lessons if lesson.waits_for_mark]

    @property
    def is_empty(self) -> bool:
        return not (self.lessons or self.to_mark or self.requests or self.homework or self.debts or self.behind)


def students_today(user: User) -> StudentToday:
    """Three queries for everyone; a student without private lessons costs no more."""
    # from the student's own attendance, which has an index by time: not from all planned lessons of the school
    coming = Attendance.objects.filter(student=user, ends_at__gt=timezone.now(), lesson__status=Status.PLANNED)
    own = coming.exclude(presence=Presence.EXCUSED)
    own = own.exclude(lesson__project__state=Project.State.DRAFT).order_by("starts_at", "pk")
    today = StudentToday(
        coming=[one.lesson for one in own.select_related("lesson__project", "lesson__teacher")[:COMING_SHOWN]],
        homework=list(
            HomeworkCopy.objects.of_student(user)
            .to_do()
            .select_related("homework__project", "homework__group")
            .order_by("homework__due_at", "pk")[:DUE_SHOWN]
        ),
    )
    sums = LedgerLine.objects.filter(account__payer=user).order_by()
    rows = sums.values("account", "account__teacher__display_name", "currency").annotate(total=Sum("amount"))
    today.balances = [_said(dict(row)) for row in rows if row["total"]]
    return today


def _said(row: dict[str, Any]) -> dict[str, Any]:
    amount = row["total"]
    return {
        "account_id": row["account"],
        "name": row.get("account__teacher__display_name") or row.get("account__payer__display_name") or "–",
        "owes": amount < 0,
        "text": money_text(abs(amount), row["currency"]),
    }


def day_of(user: User) -> tuple[datetime, datetime]:
    """The beginning and the end of today in the zone of the person."""
    zone = ZoneInfo(user.time_zone)
    today = timezone.localdate(timezone=zone)
    return datetime.combine(today, time(), tzinfo=zone), datetime.combine(
        today + timedelta(days=1), time(), tzinfo=zone
    )


def teachers_today(user: User) -> TeacherToday | None:
    """The day of a teacher; None for who gives no private lessons. At most nine queries."""
    if not teaches(user):
        return None
    people = Prefetch("attendances", Attendance.objects.select_related("student"))
    own = Lesson.objects.filter(teacher=user).select_related("project").prefetch_related(people)
    begins, ends = day_of(user)
    shown = own.between(begins, ends).exclude(status=Status.CANCELLED, cancelled_by="schedule")
    today = TeacherToday(
        lessons=list(shown.order_by("starts_at", "pk")),
        to_mark=list(own.to_be_marked().filter(ends_at__lte=begins).order_by("-starts_at")[:TO_MARK_SHOWN]),
        requests=list(
            MoveRequest.objects.filter(lesson__teacher=user, answer="", lesson__status=Status.PLANNED).select_related(
                "lesson__project", "student"
            )[:LOOK_SHOWN]
        ),
        homework=list(
            managed_copies(user)
            .to_look_at()
            .select_related("homework__project", "homework__group", "student")
            .order_by("handed_in_at", "pk")[:LOOK_SHOWN]
        ),
        debts=[_said(row) for row in debts(user)[:DEBTS_SHOWN]],
    )
    goals = Prefetch("goals", Goal.objects.order_by("pk"))
    projects = list(Project.objects.taught_by(user).filter(state=Project.State.ACTIVE).prefetch_related(goals)[:100])
    today.has_projects = bool(projects) or Project.objects.taught_by(user).exists()
    today.behind = [one for one in projects if one.ends_on and GoalProgress(one, list(one.goals.all())).is_behind]
    return today

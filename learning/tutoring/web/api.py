"""Private lessons over the API: the same access and actions as the pages."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from django.db.models import Prefetch, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from learning.accounts.api import signed_in
from learning.accounts.requests import PersonRequest
from learning.base.api import ApiError, Key, Page, Problem, not_found, paged
from learning.enrollment.api import READS, WRITES
from learning.tutoring.access import managed_lessons, own_accounts, scheduled_lessons
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework.actions import hand_in
from learning.tutoring.lessons.marking import mark, reopen
from learning.tutoring.models import Attendance, HomeworkCopy, LedgerLine, Lesson, Status
from learning.tutoring.models.projects import FIRST_YEAR, LAST_YEAR
from learning.tutoring.schedule.calendar import entry_of
from learning.tutoring.scopes import HAND_IN, MARK_LESSONS, READ_LESSONS

tutoring = Router(tags=["Private lessons"])

CLOSED: dict[Any, Any] = {frozenset({400, 401, 403, 404, 422, 429}): Problem}
CHANGES: dict[Any, Any] = {frozenset({400, 401, 403, 404, 409, 422, 429}): Problem}
LONGEST_RANGE = 400  # days


class LessonOut(Schema):
    id: int
    project_id: int
    taught: str = Field(examples=["English"])
    starts_at: datetime
    ends_at: datetime
    status: str = Field(examples=["planned"])
    with_: str = Field(alias="with", description="The others in it, as the calendar says them.")
    theme: str | None = Field(description="For who teaches or takes it; null for who only pays.")
    url: str | None


class LessonsOut(Schema):
    items: list[LessonOut]
    next: str | None


class LessonsQuery(Schema):
    first: date | None = Field(None, description="The first day; today where it is left out.")
    last: date | None = Field(None, description="The last day; four weeks later where it is left out.")


class MarkIn(Schema):
    status: Literal["held", "missed", "planned"] = Field(description="`planned` reopens a held or missed lesson.")
    reason: str = Field("", max_length=300)


class AnswerIn(Schema):
    text: str = Field(max_length=20_000)


class AttemptOut(Schema):
    id: int
    number: int
    at: datetime
    state: str = Field(examples=["handed_in"])


class BalanceOut(Schema):
    account_id: int
    teacher: str
    payer: str
    currency: str = Field(examples=["EUR"])
    amount: int = Field(description="Of the smallest unit of the currency; below zero is owed by the payer.")


class BalancesOut(Schema):
    items: list[BalanceOut]


def _out(lesson: Lesson, user: Any) -> dict[str, Any]:
    entry = entry_of(lesson, user, UTC)  # type: ignore[arg-type]
    return {
        "id": lesson.pk,
        "project_id": lesson.project_id,
        "taught": lesson.project.taught,
        "starts_at": lesson.starts_at,
        "ends_at": lesson.ends_at,
        "status": lesson.status,
        "with": entry.names,
        "theme": lesson.theme if entry.is_readable else None,
        "url": lesson.get_absolute_url() if entry.is_readable else None,
    }


def _refused(error: TutoringError) -> ApiError:
    return ApiError(409, error.code, str(error))


@tutoring.get("/tutoring/lessons", response={200: LessonsOut, **CLOSED}, auth=signed_in(READ_LESSONS), throttle=[READS])
def list_lessons(request: HttpRequest, asked: Query[LessonsQuery], page: Query[Page]) -> Any:
    """The lessons that you teach, take or pay for, in a range of days (UTC)."""
    user: Any = request.user
    first = asked.first or datetime.now(UTC).date()
    last = asked.last or min(first, date(LAST_YEAR, 1, 1)) + timedelta(days=28)
    in_range = FIRST_YEAR <= first.year <= LAST_YEAR and FIRST_YEAR <= last.year <= LAST_YEAR
    if not in_range or not 0 <= (last - first).days <= LONGEST_RANGE:
        raise ApiError(422, "range", _("Choose a range of at most %(n)s days.") % {"n": LONGEST_RANGE})
    begins = datetime.combine(first, time(), tzinfo=UTC)
    ends = datetime.combine(last, time(), tzinfo=UTC) + timedelta(days=1)
    people = Prefetch("attendances", Attendance.objects.select_related("student"))
    rows = scheduled_lessons(user).between(begins, ends).select_related("project", "teacher").prefetch_related(people)
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found, following = paged(rows.order_by("pk"), page.limit, lambda lesson: lesson.pk)
    return {"items": [_out(lesson, user) for lesson in found], "next": following}


@tutoring.put(
    "/tutoring/lessons/{id}/status",
    response={200: LessonOut, **CHANGES},
    auth=signed_in(MARK_LESSONS),
    throttle=[WRITES],
)
def change_status(request: PersonRequest, id: Key, asked: MarkIn) -> Any:  # noqa: A002
    """Mark a lesson that you teach as held or missed, or reopen it; the same status again changes nothing."""
    lesson = managed_lessons(request.user).filter(pk=id).first()
    if lesson is None:
        raise not_found()
    try:
        if asked.status == Status.PLANNED:
            reopen(lesson=lesson, actor=request.user, reason=asked.reason.replace("\x00", ""))
        else:
            mark(lesson=lesson, status=asked.status, actor=request.user, reason=asked.reason.replace("\x00", ""))
    except TutoringError as error:
        raise _refused(error) from error
    people = Prefetch("attendances", Attendance.objects.select_related("student"))
    fresh = Lesson.objects.select_related("project", "teacher").prefetch_related(people).get(pk=lesson.pk)
    return _out(fresh, request.user)


@tutoring.post(
    "/tutoring/homework/{id}/hand-in", response={200: AttemptOut, **CHANGES}, auth=signed_in(HAND_IN), throttle=[WRITES]
)
def hand_in_homework(request: PersonRequest, id: Key, asked: AnswerIn) -> Any:  # noqa: A002
    """Hand in your answer; the same text again is the same attempt. A refused text is kept as your draft."""
    copy = HomeworkCopy.objects.of_student(request.user).filter(pk=id).first()
    if copy is None:
        raise not_found()
    try:
        attempt = hand_in(copy=copy, text=asked.text.replace("\x00", ""))
    except TutoringError as error:
        raise _refused(error) from error
    return {"id": copy.pk, "number": attempt.number, "at": attempt.at, "state": "handed_in"}


@tutoring.get(
    "/tutoring/balance", response={200: BalancesOut, **CLOSED}, auth=signed_in(READ_LESSONS), throttle=[READS]
)
def balance(request: HttpRequest) -> Any:
    """Your accounts: those that you pay, and those that you keep as a teacher."""
    lines = LedgerLine.objects.filter(account__in=own_accounts(request.user))
    names = ("account", "account__teacher__display_name", "account__payer__display_name", "currency")
    rows = lines.order_by().values(*names).annotate(total=Sum("amount")).order_by("account", "currency")[:500]
    return {
        "items": [
            {
                "account_id": row["account"],
                "teacher": row["account__teacher__display_name"],
                "payer": row["account__payer__display_name"],
                "currency": row["currency"],
                "amount": row["total"],
            }
            for row in rows
        ]
    }

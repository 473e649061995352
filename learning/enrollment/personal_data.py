"""Sections of a person's own data: enrolments, study groups and progress."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.models import Page

from learning.accounts.models import User
from learning.accounts.own_data import DataSection, Row, register_data, rows_of
from learning.courses.models import CoursePage
from learning.enrollment.models import (
    BlockCompletion,
    Completion,
    Enrollment,
    FormerCourse,
    Invitation,
    LetterCopy,
    Position,
    StatusChange,
    StudyGroup,
)
from learning.enrollment.statuses import By, Status


def _lessons_done(person: User) -> list[Row]:
    rows = rows_of(Completion.objects.filter(user=person), "lesson_id", "at")
    # by id and not by a join: a lesson that has been deleted is still data about the person
    titles = dict(Page.objects.filter(pk__in=[row["lesson_id"] for row in rows]).values_list("pk", "title"))
    return [{**row, "lesson": titles.get(row["lesson_id"], "")} for row in rows]


def _titled(rows: QuerySet[Any], course_id: str) -> QuerySet[Any]:
    """Add `course_title`, also of courses that have been deleted: a join would leave out their rows."""
    titles = (CoursePage.objects, FormerCourse.objects)
    found = [Subquery(courses.filter(pk=OuterRef(course_id)).values("title")[:1]) for courses in titles]
    return rows.annotate(course_title=Coalesce(*found, Value("")))


def _status(code: str) -> Any:
    return Status(code).label if code in Status.values else code


def _by(code: str) -> Any:
    return By(code).label if code in By.values else code


ENROLLMENT = {
    "course_title": _("Course"),
    "group__name": _("Study group"),
    "status": _("Status"),
    "done": _("Lessons done"),
    "percent": _("Progress, %"),
    "created_at": _("Created"),
    "completed_at": _("Completed"),
    "last_read_at": _("Last read"),
}
CHANGE = {
    "course_title": _("Course"),
    "before": pgettext_lazy("status", "From"),
    "after": pgettext_lazy("status", "To"),
    "by": _("By"),
    "reason": _("Reason"),
    "at": _("When"),
}

register_data(
    DataSection(
        "teaches_groups",
        _("Study groups that you teach"),
        lambda person: rows_of(StudyGroup.objects.filter(teachers=person), "name", "course__title"),
        {"name": _("Name"), "course__title": _("Course")},
    ),
    DataSection(
        "enrollments",
        _("Enrolments"),
        lambda person: rows_of(_titled(Enrollment.objects.filter(user=person), "course_id"), *ENROLLMENT),
        ENROLLMENT,
        words={"status": _status},
    ),
    DataSection(
        "history",
        _("History of your enrolments"),
        lambda person: rows_of(
            _titled(StatusChange.objects.filter(enrollment__user=person), "enrollment__course_id"), *CHANGE
        ),
        CHANGE,
        words={"before": _status, "after": _status, "by": _by},
    ),
    DataSection("lessons_done", _("Lessons done"), _lessons_done, {"lesson": _("Lesson"), "at": _("When")}),
    DataSection(
        "played",
        _("Videos and recordings played"),
        lambda person: rows_of(BlockCompletion.objects.filter(user=person), "lesson_id", "block_id", "at"),
        {"at": _("When")},
    ),
    DataSection(
        "positions",
        _("Where you stopped reading"),
        lambda person: rows_of(Position.objects.filter(user=person), "course_id", "lesson_id", "block_id", "at"),
        {"at": _("When")},
    ),
    DataSection(
        "invitations",
        _("Invitations"),
        lambda person: rows_of(Invitation.objects.filter(email=person.email.lower()), "course__title", "created_at"),
        {"course__title": _("Course"), "created_at": _("Created")},
    ),
    DataSection(
        "letters",
        _("Letters that you got"),
        lambda person: rows_of(
            _titled(LetterCopy.objects.filter(user=person), "letter__course_id"),
            *("course_title", "letter__words", "sent_at"),
        ),
        {"course_title": _("Course"), "letter__words": _("Words"), "sent_at": _("Sent")},
    ),
    order=30,
)

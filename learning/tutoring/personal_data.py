"""Sections of a person's own data: private lessons, money, homework."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import User
from learning.accounts.own_data import DataSection, register_data, rows_of
from learning.tutoring.models import (
    Attempt,
    AttemptFile,
    Attendance,
    DayOff,
    Homework,
    HomeworkCopy,
    LedgerLine,
    Lesson,
    MoveRequest,
    Presence,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.homework import HomeworkState
from learning.tutoring.models.lessons import PLAN_FIELDS

_PROJECT = pgettext_lazy("private lessons", "Project")
_WHEN = _("When")


def _status(code: str) -> object:
    return Status(code).label if code in Status.values else code


def _presence(code: str) -> object:
    return Presence(code).label if code in Presence.values else code


def _state(code: str) -> object:
    return HomeworkState(code).label if code in HomeworkState.values else code


LESSON = {
    "project__taught": _PROJECT,
    "starts_at": _WHEN,
    "status": _("Status"),
    "theme": pgettext_lazy("taught lesson", "Theme"),
}
ATTENDANCE = {
    "lesson__project__taught": _PROJECT,
    "lesson__starts_at": _WHEN,
    "lesson__status": _("Status"),
    "presence": _("Attendance"),
    "lesson__report": _("Report"),
}


def _lines(person: User) -> list[dict[str, object]]:
    paid = LedgerLine.objects.filter(account__payer=person)
    kept = LedgerLine.objects.filter(account__teacher=person)
    return rows_of(paid | kept, "day", "kind", "amount", "currency", "units", "note", "lesson_id")


register_data(
    DataSection(
        "taught_projects",
        _("Projects that you teach"),
        lambda person: rows_of(
            Project.objects.filter(teacher=person), "taught", "level_from", "level_to", "starts_on", "ends_on", "notes"
        ),
        {"taught": _PROJECT, "starts_on": _("Starts on"), "ends_on": _("Ends on"), "notes": _("Private notes")},
    ),
    DataSection(
        "taught_lessons",
        _("Private lessons that you give"),
        lambda person: rows_of(Lesson.objects.filter(teacher=person), *LESSON, *PLAN_FIELDS[1:], "report"),
        LESSON,
        words={"status": _status},
    ),
    DataSection(
        "studied_projects",
        _("Projects in which you learn"),
        lambda person: rows_of(
            ProjectStudent.objects.filter(student=person), "project__taught", "joined_on", "left_on"
        ),
        {"project__taught": _PROJECT, "joined_on": _("From"), "left_on": _("Until")},
    ),
    DataSection(
        "attended_lessons",
        _("Your private lessons"),
        lambda person: rows_of(Attendance.objects.filter(student=person), *ATTENDANCE),
        ATTENDANCE,
        words={"lesson__status": _status, "presence": _presence},
    ),
    DataSection(
        "move_requests",
        _("Lessons that you asked to move"),
        lambda person: rows_of(MoveRequest.objects.filter(student=person), "wanted_at", "note", "answer", "at"),
        {"wanted_at": _("Wished"), "note": _("Note"), "at": _WHEN},
    ),
    DataSection(
        "money",
        _("Money of private lessons"),
        _lines,
        {"day": _("Date"), "kind": _("Kind"), "amount": _("Amount, smallest unit"), "currency": _("Currency")},
    ),
    DataSection(
        "days_off",
        _("Days off"),
        lambda person: rows_of(DayOff.objects.filter(person=person), "first", "last", "reason"),
        {"first": _("First day"), "last": _("Last day"), "reason": _("Reason")},
    ),
    DataSection(
        "given_homework",
        _("Homework that you gave"),
        lambda person: rows_of(Homework.objects.filter(teacher=person), "title", "given_at", "due_at", "points"),
        {"title": _("Title"), "given_at": _WHEN, "due_at": _("Due")},
    ),
    DataSection(
        "homework",
        _("Your homework"),
        lambda person: rows_of(
            HomeworkCopy.objects.filter(student=person),
            *("homework__title", "state", "points", "mark", "comment", "draft", "handed_in_at"),
        ),
        {"homework__title": _("Title"), "state": _("State"), "points": _("Points"), "comment": _("Comment")},
        words={"state": _state},
    ),
    DataSection(
        "answers",
        _("Answers that you handed in"),
        lambda person: rows_of(
            Attempt.objects.filter(copy__student=person), "copy__homework__title", "number", "text", "at", "comment"
        ),
        {"copy__homework__title": _("Title"), "text": _("Text"), "at": _WHEN},
    ),
    DataSection(
        "homework_files",
        _("Files of your homework"),
        lambda person: rows_of(AttemptFile.objects.filter(copy__student=person), "original_name", "size", "created_at"),
        {"original_name": _("File"), "size": _("Bytes"), "created_at": _("Created")},
    ),
    order=60,
)

"""A person's data for people: sections with titles, tables with headings, values in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.accounts.models import AuditEntry
from learning.accounts.roles import role_label
from learning.accounts.templatetags.accounts import device
from learning.enrollment.statuses import By, Status
from learning.teaching.admin.audit_words import Names
from learning.teaching.admin.audit_words import in_words as deed_in_words

SECTIONS = {
    "account": _("Account"),
    "roles": _("Roles"),
    "addresses": _("E-mail addresses"),
    "sessions": _("Sessions"),
    "tokens": _("Tokens of the API"),
    "teaches": _("Courses that you teach"),
    "teaches_groups": _("Study groups that you teach"),
    "enrollments": _("Enrolments"),
    "history": _("History of your enrolments"),
    "lessons_done": _("Lessons done"),
    "played": _("Videos and recordings played"),
    "positions": _("Where you stopped reading"),
    "invitations": _("Invitations"),
    "letters": _("Letters that you got"),
    "imports": _("Imports that you made"),
    "named_in_imports": _("Imports that name you"),
    "messages": _("Messages in chats"),
    "chat_files": _("Files in chats"),
    "chat_read": _("How far you read chats"),
    "mentioned": _("Messages that call you"),
    "muted": _("Times when you could not write in a chat"),
    "edited_pages": _("Pages that you edited"),
    "audit": _("What the school noted about you"),
}
COLUMNS = {
    "email": _("E-mail"), "display_name": _("Name"), "about": _("A line about you"), "language": _("Language"),
    "time_zone": _("Time zone"),
    "theme": _("Theme"), "course_mail": _("Letters from my courses"), "date_joined": _("Joined"),
    "last_login": _("Last log-in"), "verified": _("Confirmed"), "primary": _("Main address"), "ip": _("IP address"),
    "user_agent": _("Device"), "created_at": _("Made on"), "last_seen_at": _("Last seen"), "name": _("Name"),
    "scopes": _("May do"), "last_used_at": _("Last used"), "course__title": _("Course"),
    "enrollment__course__title": _("Course"), "letter__course__title": _("Course"), "room__course__title": _("Course"),
    "group__name": _("Study group"), "room__group__name": _("Study group"), "status": _("Status"),
    "done": _("Lessons done"), "percent": _("Progress, %"), "completed_at": _("Completed"),
    "last_read_at": _("Last read"), "before": pgettext_lazy("status", "From"), "after": pgettext_lazy("status", "To"),
    "by": _("By"), "reason": _("Reason"), "at": _("When"), "lesson": _("Lesson"), "letter__words": _("Words"),
    "sent_at": _("Sent"), "filename": _("File"), "state": _("State"), "said": _("What it said"),
    "run__created_at": _("When"), "text": _("Text"), "edited_at": _("Edited"), "original_name": _("File"),
    "size": _("Bytes"), "seq": _("Message"), "silenced": _("Quiet"), "message__at": _("When"), "until": _("Until"),
    "lifted_at": _("Lifted"), "label": _("Page"), "action": _("What"), "timestamp": _("When"), "deed": _("What"),
    "facts": _("Details"), "value": "",
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    title: Any
    headings: list[Any]
    rows: list[list[str]]


def in_words(data: dict[str, Any]) -> list[Section]:
    """The sections of `collect` that have something, for a page; numbers of rows are left to the JSON."""
    found = []
    names = Names([_entry(row) for row in data.get("audit", ())])
    for name, value in data.items():
        rows = _as_rows(value)
        columns = [key for key in (rows[0] if rows else {}) if key in COLUMNS]
        if not columns:
            continue
        table = [[_cell(name, key, row, names) for key in columns] for row in rows]
        found.append(Section(SECTIONS[name], [COLUMNS[key] for key in columns], table))
    return found


def _as_rows(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value]
    return [row if isinstance(row, dict) else {"value": role_label(row)} for row in value]


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(deed=row["deed"], facts=row["facts"])


def _cell(section: str, key: str, row: dict[str, Any], names: Names) -> str:
    value = row[key]
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if section == "audit" and key == "facts":
        return deed_in_words(_entry(row), names)
    said = _of_code(section, key, row)
    return said if said is not None else _plain(value)


def _of_code(section: str, key: str, row: dict[str, Any]) -> str | None:
    """Codes of ours in words; nothing where the value speaks for itself."""
    value = row[key]
    if key == "user_agent":
        return device(value)
    if section in ("enrollments", "history") and value in Status.values:
        return str(Status(value).label)
    if section == "history" and key == "by" and value in By.values:
        return str(By(value).label)
    return str(_entry(row).get_deed_display()) if section == "audit" and key == "deed" else None


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_plain(part) for part in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(_plain(part) for part in value)
    return str(value)

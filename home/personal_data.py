"""All that the school knows of a person, as a file for them."""

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils.translation import get_language
from wagtail.models import Page, PageLogEntry

from chat.models import Attachment, Mention, Message, Mute, ReadMarker
from home.data_words import in_words
from learning.accounts.models import AuditEntry, PersonalToken, User
from learning.courses.models import CourseTeacher
from learning.enrollment.models import (
    BlockCompletion,
    Completion,
    Enrollment,
    Invitation,
    LetterCopy,
    Position,
    StatusChange,
    StudyGroup,
)
from learning.exchange.models import ImportRow, ImportRun


def _rows(queryset: Any, *fields: str) -> list[dict[str, Any]]:
    return list(queryset.order_by("pk").values(*fields))


def collect(person: User) -> dict[str, Any]:
    """Every row about this person, by what it is; times in UTC."""
    facts = (
        "email",
        "display_name",
        "about",
        "language",
        "time_zone",
        "theme",
        "course_mail",
        "date_joined",
        "last_login",
    )
    done = _rows(Completion.objects.filter(user=person), "lesson_id", "at")
    titles = dict(Page.objects.filter(pk__in=[row["lesson_id"] for row in done]).values_list("pk", "title"))
    for row in done:
        row["lesson"] = titles.get(row["lesson_id"], "")
    return {
        "account": {name: getattr(person, name) for name in facts},
        "roles": sorted(person.groups.values_list("name", flat=True)),
        "addresses": _rows(EmailAddress.objects.filter(user=person), "email", "verified", "primary"),
        "sessions": _rows(UserSession.objects.filter(user=person), "ip", "user_agent", "created_at", "last_seen_at"),
        "tokens": _rows(PersonalToken.objects.filter(user=person), "name", "scopes", "created_at", "last_used_at"),
        "teaches": _rows(CourseTeacher.objects.filter(person=person), "course__title"),
        "teaches_groups": _rows(StudyGroup.objects.filter(teachers=person), "name", "course__title"),
        "enrollments": _rows(
            Enrollment.objects.filter(user=person),
            *(
                "course__title",
                "group__name",
                "status",
                "done",
                "percent",
                "created_at",
                "completed_at",
                "last_read_at",
            ),
        ),
        "history": _rows(
            StatusChange.objects.filter(enrollment__user=person),
            *("enrollment__course__title", "before", "after", "by", "reason", "at"),
        ),
        "lessons_done": done,
        "played": _rows(BlockCompletion.objects.filter(user=person), "lesson_id", "block_id", "at"),
        "positions": _rows(Position.objects.filter(user=person), "course_id", "lesson_id", "block_id", "at"),
        "invitations": _rows(Invitation.objects.filter(email=person.email.lower()), "course__title", "created_at"),
        "letters": _rows(LetterCopy.objects.filter(user=person), "letter__course__title", "letter__words", "sent_at"),
        "imports": _rows(ImportRun.objects.filter(owner=person), "filename", "created_at", "state"),
        "named_in_imports": _rows(ImportRow.objects.filter(email=person.email.lower()), "said", "run__created_at"),
        "messages": _rows(
            Message.objects.filter(author=person, deleted_at=None),
            *("room_id", "room__group__name", "room__course__title", "seq", "text", "at", "edited_at", "reply_to"),
        ),
        "chat_files": _rows(Attachment.objects.filter(person=person), "original_name", "size", "created_at", "room_id"),
        "chat_read": _rows(ReadMarker.objects.filter(user=person), "room_id", "seq", "silenced"),
        "mentioned": _rows(Mention.objects.filter(user=person), "room_id", "seq", "message__at"),
        "muted": _rows(Mute.objects.filter(person=person), "room_id", "reason", "at", "until", "lifted_at"),
        "edited_pages": _rows(PageLogEntry.objects.filter(user=person), "label", "action", "timestamp"),
        "audit": _rows(AuditEntry.objects.filter(person=person), "deed", "facts", "at"),
    }


def as_archive(person: User) -> bytes:
    """A ZIP with `data.json` for programs, `data.html` for people, and the person's picture."""
    buffer = io.BytesIO()
    data = collect(person)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        archive.writestr("data.json", text)
        page = {"person": person, "sections": in_words(data), "language": get_language()}
        archive.writestr("data.html", render_to_string("home/data.html", page))
        for name, content in _files(person):
            archive.writestr(name, content)
    return buffer.getvalue()


def _files(person: User) -> Iterable[tuple[str, bytes]]:
    if person.avatar:
        try:
            with person.avatar.open("rb") as file:
                yield "picture.webp", file.read()
        except FileNotFoundError:
            return

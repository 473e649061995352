"""Export of a whole room, row by row, so that memory does not grow with the room."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString

from chat.models import Message, Room
from chat.rooms.frames import html_of

AT_ONCE = 500


def _messages(room: Room) -> Iterator[Message]:
    """All messages in their order, by key: what is written meanwhile comes too, and nothing is held open."""
    last = 0
    while rows := list(
        Message.objects.filter(room=room, seq__gt=last).select_related("author").order_by("seq")[:AT_ONCE]
    ):
        yield from rows
        last = rows[-1].seq


def export_rows(room: Room) -> Iterator[dict[str, Any]]:
    for row in _messages(room):
        yield {
            "seq": row.seq,
            "at": row.at.isoformat(),
            "author": row.author.get_full_name() if row.author else None,
            "text": row.text,
            "reply_to": row.reply_to,
            "edited_at": row.edited_at.isoformat() if row.edited_at else None,
            "deleted": row.deleted_at is not None,
            "files": [file["name"] for file in row.files],
            "reactions": {emoji: len(people) for emoji, people in row.reactions.items()},
        }


def rows_of(room: Room) -> Iterator[dict[str, Any]]:
    """The same, as the readable page shows it."""
    for row in _messages(room):
        html = html_of(row, room)
        yield {
            "seq": row.seq,
            "when": timezone.localtime(row.at),
            "name": row.author.get_full_name() if row.author else "",
            "body": SafeString(html if html is not None else f"<p>{escape(row.text)}</p>"),
            "is_deleted": row.deleted_at is not None,
            "is_edited": row.edited_at is not None,
            "reply_to": row.reply_to,
            "files": [file["name"] for file in row.files],
        }

"""Messages as a page shows them: grouped, with day separators and the first new message marked."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from chat.models import MOST_CHARACTERS, REACTIONS, Room
from chat.rooms.access import RoomStanding
from learning.accounts.models import User

TOGETHER = timedelta(minutes=5)  # messages of one author that stand under one name


def shown(frames: list[dict[str, Any]], *, user: User, read: int, last: int) -> list[dict[str, Any]]:
    """Frames of messages with what a page says beside: `day` where one begins, `is_first_new`, `continued`, `own`."""
    found: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for frame in frames:
        when = timezone.localtime(datetime.fromisoformat(frame["at"]))
        author = frame["author"]["id"] if frame["author"] else None
        item = {
            **frame,
            "when": when,
            "author_id": author,
            "own": author == user.pk,
            "called": user.pk in frame.get("mentions", ()),
            "body": _body(frame),
            "reacted": [
                {"emoji": emoji, "count": len(people), "own": user.pk in people, "people": people}
                for emoji, people in frame.get("reactions", {}).items()
            ],
        }
        item["day"] = None if before and before["when"].date() == when.date() else when
        item["is_first_new"] = bool(read) and frame["seq"] == read + 1 and read < last and not item["own"]
        item["continued"] = (
            before is not None
            and item["day"] is None
            and not item["is_first_new"]
            and before["author_id"] == author
            and not any(frame.get(mark) for mark in ("reply_to", "edited", "pinned"))
            and when - before["when"] < TOGETHER
        )
        found.append(item)
        before = item
    return found


def _body(frame: dict[str, Any]) -> SafeString:
    """What the frame says, as HTML: what `chat.rooms.text` has cleaned, or plain words."""
    return SafeString(frame["html"]) if frame["html"] is not None else SafeString(f"<p>{escape(frame['text'])}</p>")


def client_facts(room: Room, user: User, standing: RoomStanding) -> dict[str, Any]:
    """Data that the page passes to its script: ids, addresses and translated words."""
    return {
        "room": room.pk,
        "user": {"id": user.pk, "name": user.get_full_name(), "initials": user.initials},
        "api": f"/api/v1/chat/rooms/{room.pk}",
        "page": room.get_absolute_url(),
        "position": room.last_position,
        "seq": room.last_seq,
        "read": room.read_seq,
        "moderates": standing.moderates,
        "readOnly": standing.is_over,
        "editMinutes": settings.CHAT_EDIT_MINUTES,
        "most": MOST_CHARACTERS,
        "reactions": list(REACTIONS),
        "language": get_language(),
        "timeZone": timezone.get_current_timezone_name(),
        "words": words(),
    }


def words() -> dict[str, str]:
    """Translated words of the script."""
    return {
        "connecting": gettext("Connecting…"),
        "waiting": gettext("No connection. Trying again…"),
        "offline": gettext("You are offline. What you write is kept and sent later."),
        "blocked": gettext("The live connection is blocked here. New messages come every few seconds."),
        "ended": gettext("You are logged out. Log in again to continue."),
        "removed": gettext("You are no longer in this room."),
        "sending": gettext("Sending…"),
        "failed": gettext("Not sent."),
        "retry": gettext("Try again"),
        "remove": gettext("Remove"),
        "former": gettext("former member"),
        "deleted": gettext("This message was deleted."),
        "new": gettext("New"),
        "today": gettext("Today"),
        "yesterday": gettext("Yesterday"),
        "typingOne": gettext("{name} is typing…"),
        "typingMany": gettext("Several people are typing…"),
        "names": gettext("People whose names begin so"),
        "here": gettext("Here now: {n}"),
        "answerTo": gettext("Reply to {name}"),
        "editing": gettext("Changing your message"),
        "uploading": gettext("Uploading {name}…"),
        "tooLong": gettext("{n} characters too many"),
        "left": gettext("{n} characters left"),
        "copied": gettext("The link is copied."),
        "sureDelete": gettext("Delete this message for everyone?"),
        "react": gettext("React with {emoji}"),
        "pin": gettext("Pin"),
        "unpin": gettext("Unpin"),
        "tryLater": gettext("That did not work. Try again."),
    }


def sample_talk(user: User) -> list[dict[str, Any]]:
    """A short talk for the style guide: a day, messages that stand together, an answer, the line “new”, a deletion."""
    now = timezone.now()
    other = {"id": 0, "name": "Anna", "initials": "A", "avatar": ""}
    own = {"id": user.pk, "name": user.get_full_name(), "initials": user.initials, "avatar": ""}
    answered = {"seq": 2, "name": "Anna", "text": "range(10)"}
    talk: list[dict[str, Any]] = [
        {"author": other, "html": "<p><strong>range</strong></p>"},
        {"author": other, "html": "<p><code>range(10)</code></p>", "reactions": {"👍": [user.pk]}, "edited": True},
        {"author": own, "text": "0, 1, 2 … 9", "reply_to": answered},
        {"author": other, "text": "@" + user.get_short_name(), "mentions": [user.pk], "pinned": True},
        {"author": None, "deleted": True},
    ]
    frames = [
        {"seq": number, "at": now.isoformat(), "text": "", "html": None, **said} for number, said in enumerate(talk, 1)
    ]
    return shown(frames, user=user, read=3, last=5)

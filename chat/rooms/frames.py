"""The frames of the protocol: what clients may send, checked, and what they get, built in one place.

Described in docs/chat.md. The same dictionaries go over the socket and through the API.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chat.models import MOST_CHARACTERS, REACTIONS, Message, Room, RoomEvent
from chat.rooms import text as words
from learning.accounts.models import User
from learning.base.numbers import LARGEST_ID

MOST_ATTACHMENTS = 10
MOST_FRAME = 256 * 1024  # characters: 10,000 of a message, each as long as JSON can make it, and room to spare


class ChatError(Exception):
    """A refusal: `code` for programs, `detail` for people (in the language of who reads it), `retry_after` in
    seconds where waiting helps."""

    def __init__(self, code: str, detail: Any, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.retry_after = code, detail, retry_after


def not_found() -> ChatError:
    """The same for a room that is not there and one that is not yours (promise 5)."""
    return ChatError("not_found", _("There is no such room or message for you."))


def bad_frame() -> ChatError:
    return ChatError("bad_frame", _("This frame is not one of the protocol."))


def too_long() -> ChatError:
    return ChatError("too_long", format_lazy(_("A message has at most {n} characters."), n=MOST_CHARACTERS))


# --- from clients ---------------------------------------------------------------------------


def _without_nul(value: str) -> str:
    # PostgreSQL stores no NUL in a text and would answer with an error (promise 26)
    if "\x00" in value:
        raise ValueError("NUL")
    return value


# a larger number fits no integer column: PostgreSQL would answer with an error (promise 32)
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Place = Annotated[int, Field(ge=0, le=LARGEST_ID)]
Words = Annotated[str, AfterValidator(_without_nul)]


class _Frame(BaseModel):
    # strict: neither “1” nor true is a number. Unknown fields are ignored, so later clients may send more.
    model_config = ConfigDict(strict=True, frozen=True)


class Subscribe(_Frame):
    type: Literal["subscribe"]
    room: Id
    after: Place | None = None


class Unsubscribe(_Frame):
    type: Literal["unsubscribe"]
    room: Id


class Send(_Frame):
    type: Literal["send"]
    room: Id
    nonce: Annotated[UUID, Field(strict=False)]
    text: Words = ""
    reply_to: Id | None = None
    attachments: Annotated[list[Id], Field(max_length=MOST_ATTACHMENTS)] = []


class Edit(_Frame):
    type: Literal["edit"]
    room: Id
    seq: Id
    text: Words


class Delete(_Frame):
    type: Literal["delete"]
    room: Id
    seq: Id


class React(_Frame):
    type: Literal["react"]
    room: Id
    seq: Id
    emoji: Literal[REACTIONS]  # type: ignore[valid-type]
    on: bool = True


class Pin(_Frame):
    type: Literal["pin"]
    room: Id
    seq: Id
    on: bool = True


class Read(_Frame):
    type: Literal["read"]
    room: Id
    seq: Place


class Typing(_Frame):
    type: Literal["typing"]
    room: Id


class Watch(_Frame):
    """Tell me of new messages in all my rooms."""

    type: Literal["watch"]


class Ping(_Frame):
    type: Literal["ping"]


Change = Edit | Delete | React | Pin
ClientFrame = Subscribe | Unsubscribe | Send | Edit | Delete | React | Pin | Read | Typing | Watch | Ping
_client_frame: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])


class BadFrameError(Exception):
    """A frame that cannot be read, with its nonce and room if it has them, so that the client can match the error."""

    def __init__(self, error: ChatError, nonce: str | None = None, room: int | None = None) -> None:
        super().__init__(error.code)
        self.error, self.nonce, self.room = error, nonce, room


def read_frame(raw: str) -> ClientFrame:
    """Parse a frame; raises BadFrameError."""
    # before parsing, which runs in the event loop: everyone in the process waits for it
    if len(raw) > MOST_FRAME:
        raise BadFrameError(too_long())
    try:
        return _client_frame.validate_json(raw)
    # before ValueError, of which it is a subclass
    except ValidationError:
        raise _what_is_wrong(raw) from None
    except (ValueError, RecursionError):
        raise BadFrameError(bad_frame()) from None


def _what_is_wrong(raw: str) -> BadFrameError:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return BadFrameError(bad_frame())
    if not isinstance(said, dict):
        return BadFrameError(bad_frame())
    nonce, room = said.get("nonce"), said.get("room")
    # only a short, harmless value is sent back, and never an arbitrary text from the frame
    is_nonce = isinstance(nonce, str) and nonce.isascii() and len(nonce) <= 64
    is_room = isinstance(room, int) and not isinstance(room, bool) and 0 < room <= LARGEST_ID
    return BadFrameError(bad_frame(), nonce if is_nonce else None, room if is_room else None)


# --- to clients -----------------------------------------------------------------------------


def as_text(frame: Mapping[str, Any]) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds")


def person(user: User | None) -> dict[str, Any] | None:
    """Return the data of an author; None for a deleted account, which each client names in its own language."""
    if user is None or user.anonymised_at:
        return None
    avatar = reverse("avatar", args=(user.pk,)) if user.avatar else ""
    return {"id": user.pk, "name": user.get_full_name(), "initials": user.initials, "avatar": avatar}


def answered(message: Message | None) -> dict[str, Any] | None:
    """What a reply shows of the message that it answers."""
    if message is None:
        return None
    author = person(message.author)
    said = "" if message.deleted_at else words.excerpt(message.text)
    return {"seq": message.seq, "name": author["name"] if author else None, "text": said}


def html_of(message: Message, room: Room) -> str | None:
    """The message as HTML; None for plain words. Rows of earlier releases are rendered when they are shown."""
    if message.html is None:
        return words.as_html(message.text, names=list(message.mentions), room=room)
    return message.html or None


def message_frame(message: Message, *, room: Room, reply: Message | None = None) -> dict[str, Any]:
    """Return a message as it is now; a deleted one without its text, files and reactions."""
    gone = message.deleted_at is not None
    frame: dict[str, Any] = {
        "type": "message",
        "room": message.room_id,
        "position": message.position,
        "seq": message.seq,
        "nonce": str(message.nonce),
        "author": person(message.author),
        "text": "" if gone else message.text,
        "html": None if gone else html_of(message, room),
        "at": stamp(message.at),
    }
    if message.reply_to:
        # `reply` is None if the answered message was deleted by age: the frame still says that it is a reply
        frame["reply_to"] = answered(reply) or {"seq": message.reply_to, "name": None, "text": ""}
    if message.edited_at:
        frame["edited"] = stamp(message.edited_at)
    if gone:
        return {**frame, "deleted": True}
    if message.files:
        frame["attachments"] = message.files
    if message.pinned_at:
        frame["pinned"] = True
    if message.reactions:
        frame["reactions"] = message.reactions
    if message.mentions:
        frame["mentions"] = sorted(message.mentions.values())
    return frame


def event_frame(event: RoomEvent, *, message: Message, room: Room) -> dict[str, Any]:
    """Return what happened to a message, as it is sent to every member."""
    # `type` must stay the first key: `chat.live.recent` finds edits and deletions by the first characters
    frame = {"type": event.kind, "room": event.room_id, "position": event.position, "seq": message.seq}
    if event.kind == RoomEvent.Kind.EDITED:
        # the text of now, not of this edit: what was changed or deleted later must not come back in a catch-up
        gone = message.deleted_at is not None
        html = None if gone else html_of(message, room)
        return {**frame, "text": "" if gone else message.text, "html": html, "at": stamp(event.at)}
    if event.kind in (RoomEvent.Kind.REACTED, RoomEvent.Kind.PINNED):
        return {**frame, "user": event.actor_id, **event.facts}
    return frame


def error_frame(error: ChatError, *, room: int | None = None, nonce: str | None = None) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": "error", "code": error.code, "detail": str(error.detail)}
    more = {"room": room, "nonce": nonce, "retry_after": error.retry_after}
    return frame | {name: value for name, value in more.items() if value is not None}

"""Chat over the API: the twin of the socket, for where sockets are blocked, and for programs."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from ninja import Field, File, Query, Router, Schema, UploadedFile

from chat.models import REACTIONS, Room
from chat.rooms import actions, files, history
from chat.rooms.access import entered_room
from chat.rooms.frames import MOST_ATTACHMENTS, ChatError
from chat.rooms.membership import rooms_of
from chat.rooms.people import listed_people
from chat.rooms.posting import post_message
from chat.rooms.seats import membership_in
from chat.scopes import CHAT
from learning.accounts.api import signed_in
from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.api import ApiError, Key, Page, Problem, Rate, not_found, paged
from learning.base.numbers import LARGEST_ID

chat = Router(tags=["Chat"])

READS = Rate("chat-read", people=600, visitors=60)
WRITES = Rate("chat-write", people=600, visitors=20)
ANSWERS: dict[Any, Any] = {frozenset({400, 401, 403, 404, 409, 422, 429, 503}): Problem}
STATUS = {"not_found": 404, "forbidden": 403, "muted": 403, "rate_limited": 429, "read_only": 409, "unavailable": 503}


def refused(error: ChatError) -> ApiError:
    """The refusal of an action as a problem."""
    return ApiError(STATUS.get(error.code, 422), error.code, error.detail, retry_after=error.retry_after)


class RoomOut(Schema):
    id: int = Field(examples=[1])
    name: str = Field(examples=["Autumn"])
    course: str
    url: str
    position: int = Field(description="Of the last event: give it as `after` to hear what comes later.")
    seq: int = Field(description="Number of the last message.")
    unread: int
    mentions: int
    silenced: bool
    read_only: bool

    @classmethod
    def of(cls, room: Any) -> "RoomOut":
        facts = {"id": room.pk, "name": room.name, "course": room.course_title, "url": room.get_absolute_url()}
        counts = {"position": room.last_position, "seq": room.last_seq, "unread": room.unread}
        more = {"mentions": room.mentioned, "silenced": room.silenced, "read_only": room.is_read_only}
        return cls(**facts, **counts, **more)


class RoomsOut(Schema):
    items: list[RoomOut]
    next: str | None


class MutedOut(Schema):
    until: datetime
    reason: str


class SeatOut(Schema):
    """A room, and what you are there."""

    room: int
    name: str
    position: int
    seq: int
    read: int = Field(description="You have read up to this message.")
    silenced: bool
    read_only: bool
    moderates: bool
    muted: MutedOut | None


class AuthorOut(Schema):
    id: int
    name: str
    initials: str
    avatar: str


class AnsweredOut(Schema):
    seq: int
    name: str | None
    text: str


class FileOut(Schema):
    id: int
    name: str
    kind: str
    size: int
    url: str
    thumbnail: str
    width: int | None
    height: int | None


class FrameOut(Schema):
    """A message, or what happened to one, as over the socket: which fields there are depends on the type."""

    type: str = Field(examples=["message"], description="message, edited, deleted, reacted or pinned")
    room: int
    position: int
    seq: int
    nonce: UUID | None = None
    author: AuthorOut | None = Field(None, description="Nobody where the account is no more.")
    text: str | None = None
    html: str | None = Field(None, description="Cleaned; none where the text is plain words.")
    at: datetime | None = None
    reply_to: AnsweredOut | None = None
    attachments: list[FileOut] | None = None
    edited: datetime | None = None
    deleted: bool | None = None
    pinned: bool | None = None
    reactions: dict[str, list[int]] | None = None
    mentions: list[int] | None = None
    user: int | None = None
    emoji: str | None = None
    on: bool | None = None


class MissedOut(Schema):
    items: list[FrameOut]
    position: int = Field(description="Ask on from here.")
    more: bool


class LeafOut(Schema):
    items: list[FrameOut]
    has_older: bool
    has_newer: bool


class MessageIn(Schema):
    nonce: UUID = Field(default_factory=uuid4, description="Sent again with the same one, a message is stored once.")
    text: str = ""
    reply_to: int | None = Field(None, ge=1, le=LARGEST_ID)
    attachments: list[int] = Field(default_factory=list, max_length=MOST_ATTACHMENTS)


class AckOut(Schema):
    room: int
    nonce: UUID
    seq: int
    position: int


class TextIn(Schema):
    text: str


class OnIn(Schema):
    on: bool


class ReactionIn(OnIn):
    emoji: str = Field(examples=[REACTIONS[0]], max_length=8)


class ReadIn(Schema):
    seq: int = Field(ge=0, le=LARGEST_ID)


class ReadOut(Schema):
    seq: int


class DoneOut(Schema):
    position: int | None = Field(description="Of the event; none where nothing had to change.")


class PersonOut(Schema):
    id: int
    name: str
    teaches: bool


class PeopleOut(Schema):
    items: list[PersonOut]


class MuteIn(Schema):
    user: int = Field(ge=1, le=LARGEST_ID)
    minutes: int = Field(ge=1, le=525_600)
    reason: str = Field(min_length=1, max_length=300)


def _room(request: PersonRequest, pk: int) -> Room:
    user = request.user
    entered = entered_room(user, pk)
    if entered is None:
        raise not_found()
    return entered[0]


def _moderated(request: PersonRequest, pk: int) -> Room:
    user = request.user
    entered = entered_room(user, pk)
    if entered is None or not entered[1].moderates:
        raise not_found()
    return entered[0]


def _found(room: Room, leaf: history.HistoryPage) -> dict[str, Any]:
    beside = history.shown_beside(room, leaf)
    items = history.frames_of(room, leaf.messages, beside)
    return {"items": items, "has_older": leaf.has_older, "has_newer": leaf.has_newer}


OPTIONS: dict[str, Any] = {"auth": signed_in(CHAT)}
READING: dict[str, Any] = {**OPTIONS, "throttle": [READS]}
WRITING: dict[str, Any] = {**OPTIONS, "throttle": [WRITES]}


@chat.get("/chat/rooms", response={200: RoomsOut, **ANSWERS}, **READING)
def rooms(request: PersonRequest, page: Query[Page]) -> Any:
    """Your rooms, with what you have not read."""
    user = request.user
    rows = rooms_of(user).named().with_unread(user).order_by("pk")
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__gt=after)
    found, following = paged(rows, page.limit, lambda room: room.pk)
    return {"items": [RoomOut.of(room) for room in found], "next": following}


@chat.get("/chat/rooms/{id}", response={200: SeatOut, **ANSWERS}, **READING)
def room(request: PersonRequest, id: Key) -> Any:  # noqa: A002  (the name in the address)
    """One room, and what you are there."""
    user = request.user
    try:
        return membership_in(user.pk, id).facts
    except ChatError as error:
        raise refused(error) from error


# exclude_unset: a frame has the same fields as over the socket, and no others with null
@chat.get("/chat/rooms/{id}/messages", response={200: MissedOut, **ANSWERS}, exclude_unset=True, **READING)
def messages(
    request: PersonRequest,
    id: Key,  # noqa: A002
    after: int = Query(0, ge=0, le=LARGEST_ID),
    limit: int = Query(100, ge=1, le=500),
) -> Any:
    """Everything after this position, in order: the same as a socket gets when it subscribes."""
    missed = history.missed(_room(request, id), after, limit)
    return {"items": missed.frames, "position": missed.position, "more": missed.more}


@chat.get("/chat/rooms/{id}/history", response={200: LeafOut, **ANSWERS}, exclude_unset=True, **READING)
def leaf(
    request: PersonRequest,
    id: Key,  # noqa: A002
    before: int | None = Query(None, ge=1, le=LARGEST_ID),
    after: int | None = Query(None, ge=0, le=LARGEST_ID),
    around: int | None = Query(None, ge=1, le=LARGEST_ID),
) -> Any:
    """Messages as they are now, before, after or around one of them; without any, the newest."""
    found = _room(request, id)
    if around is not None:
        return _found(found, history.around(found, around))
    if after is not None:
        return _found(found, history.after(found, after))
    return _found(found, history.before(found, before or LARGEST_ID))


@chat.post("/chat/rooms/{id}/messages", response={200: AckOut, **ANSWERS}, **WRITING)
def send(request: PersonRequest, id: Key, wish: MessageIn) -> Any:  # noqa: A002
    """Say something. The answer comes when it is stored."""
    user = request.user
    facts = {"nonce": wish.nonce, "text": wish.text, "reply_to": wish.reply_to, "attachments": tuple(wish.attachments)}
    try:
        ack = post_message(user_id=user.pk, room_id=id, **facts)
    except ChatError as error:
        raise refused(error) from error
    return {"room": ack.room_id, "nonce": ack.nonce, "seq": ack.seq, "position": ack.position}


def _change(request: PersonRequest, verb: Any, **facts: Any) -> dict[str, Any]:
    user = request.user
    try:
        event = verb(user_id=user.pk, **facts)
    except ChatError as error:
        raise refused(error) from error
    return {"position": event.position if event else None}


@chat.patch("/chat/rooms/{id}/messages/{seq}", response={200: DoneOut, **ANSWERS}, **WRITING)
def edit(request: PersonRequest, id: Key, seq: Key, wish: TextIn) -> Any:  # noqa: A002
    """Change the words of your own message, while there is time."""
    return _change(request, actions.edit_message, room_id=id, seq=seq, text=wish.text)


@chat.delete("/chat/rooms/{id}/messages/{seq}", response={200: DoneOut, **ANSWERS}, **WRITING)
def delete(request: PersonRequest, id: Key, seq: Key) -> Any:  # noqa: A002
    """Take a message away: your own, while there is time; as a moderator, any."""
    return _change(request, actions.delete_message, room_id=id, seq=seq)


@chat.put("/chat/rooms/{id}/messages/{seq}/reactions", response={200: DoneOut, **ANSWERS}, **WRITING)
def react(request: PersonRequest, id: Key, seq: Key, wish: ReactionIn) -> Any:  # noqa: A002
    """Put your sign under a message, or take it away."""
    return _change(request, actions.react, room_id=id, seq=seq, emoji=wish.emoji, on=wish.on)


@chat.put("/chat/rooms/{id}/messages/{seq}/pin", response={200: DoneOut, **ANSWERS}, **WRITING)
def pin(request: PersonRequest, id: Key, seq: Key, wish: OnIn) -> Any:  # noqa: A002
    """Keep a message at the top of the room, or no longer."""
    return _change(request, actions.pin, room_id=id, seq=seq, on=wish.on)


@chat.put("/chat/rooms/{id}/read", response={200: ReadOut, **ANSWERS}, **WRITING)
def read(request: PersonRequest, id: Key, wish: ReadIn) -> Any:  # noqa: A002
    """You have read up to this message."""
    user = request.user
    try:
        return {"seq": actions.mark_read(user_id=user.pk, room_id=id, seq=wish.seq)}
    except ChatError as error:
        raise refused(error) from error


@chat.put("/chat/rooms/{id}/silence", response={200: OnIn, **ANSWERS}, **WRITING)
def silence(request: PersonRequest, id: Key, wish: OnIn) -> Any:  # noqa: A002
    """Whether new messages of this room stay quiet for you."""
    user = request.user
    actions.silence(user=user, room=_room(request, id), on=wish.on)
    return {"on": wish.on}


@chat.get("/chat/rooms/{id}/people", response={200: PeopleOut, **ANSWERS}, **READING)
def people(request: PersonRequest, id: Key, q: str = Query("", max_length=80)) -> Any:  # noqa: A002
    """Who is in this room; by the beginning of a word of their name."""
    return {"items": listed_people(_room(request, id), q)}


@chat.post("/chat/rooms/{id}/files", response={200: FileOut, **ANSWERS}, **WRITING)
def upload(request: PersonRequest, id: Key, file: File[UploadedFile]) -> Any:  # noqa: A002
    """Upload a file, whose `id` a message then bears among its `attachments`."""
    user = request.user
    try:
        return files.store_upload(room=_room(request, id), user=user, upload=file).as_dict()
    except ChatError as error:
        raise refused(error) from error


@chat.get("/chat/search", response={200: LeafOut, **ANSWERS}, exclude_unset=True, **READING)
def search(request: PersonRequest, q: str = Query("", max_length=200)) -> Any:
    """Messages of your rooms that hold all these words, the newest first."""
    user = request.user
    found = history.search(rooms_of(user), q)
    items = [history.frames_of(message.room, [message], [message])[0] for message in found]
    return {"items": items, "has_older": len(found) == history.MOST_FOUND, "has_newer": False}


@chat.post("/chat/rooms/{id}/mutes", response={200: OnIn, **ANSWERS}, **WRITING)
def mute(request: PersonRequest, id: Key, wish: MuteIn) -> Any:  # noqa: A002
    """Let someone not write in a room for a time, with a reason that they are told. For its moderators."""
    actor: Any = request.user
    room = _moderated(request, id)
    person = User.objects.filter(pk=wish.user).first()
    duration = timedelta(minutes=wish.minutes)
    try:
        if person is None:
            raise actions.cannot_be_muted()
        actions.mute(room=room, person=person, actor=actor, duration=duration, reason=wish.reason)
    except ChatError as error:
        raise refused(error) from error
    return {"on": True}


@chat.delete("/chat/rooms/{id}/mutes/{user_id}", response={200: OnIn, **ANSWERS}, **WRITING)
def unmute(request: PersonRequest, id: Key, user_id: Key) -> Any:  # noqa: A002
    """Let them write again."""
    actor: Any = request.user
    room = _moderated(request, id)
    person = User.objects.filter(pk=user_id).first()
    try:
        # of an account that does not exist nothing else is said than of one that is not muted (promise 5)
        if person is not None:
            actions.unmute(room=room, person=person, actor=actor)
    except ChatError as error:
        raise refused(error) from error
    return {"on": False}

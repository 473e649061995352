"""Reading a room's history: after a position, around a message, by words. Always by key, never by offset."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chat.models import Message, ReadMarker, Room, RoomEvent
from chat.rooms.frames import event_frame, message_frame

AT_ONCE = 200  # events of one step of catching up
BYTES_AT_ONCE = 256 * 1024  # of their texts, roughly
SHOWN = 50  # messages of a page of the room
MOST_WORDS = 5
MOST_FOUND = 30
MOST_PINNED = 20


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened after a position: frames in their order, the last position they reach, whether there is more."""

    frames: list[dict[str, Any]]
    position: int
    more: bool


def frames_of(room: Room, messages: Iterable[Message], known: Iterable[Message] = ()) -> list[dict[str, Any]]:
    """Frames of messages that were read with their authors; at most one query, for what they answer beyond `known`."""
    messages = list(messages)
    by_seq = {message.seq: message for message in (*known, *messages)}
    asked = {message.reply_to for message in messages if message.reply_to}
    if missing := asked - by_seq.keys():
        answered = Message.objects.filter(room=room, seq__in=missing).select_related("author")
        by_seq.update({message.seq: message for message in answered})
    return [message_frame(message, room=room, reply=by_seq.get(message.reply_to or 0)) for message in messages]


def missed(room: Room, after: int, limit: int = AT_ONCE) -> Missed:
    """Everything in a room after this position, in order: messages as they are now, and what happened to older ones."""
    # Read first how far the room has come. A position is given under the room's lock and committed with it, so
    # everything up to this one is there for both queries, whatever is committed between them.
    until = Room.objects.filter(pk=room.pk).values_list("last_position", flat=True).first() or 0
    messages = _messages_between(room, after, until, limit)
    events = _events_between(room, after, until, limit)
    frames = frames_of(room, messages)
    frames += [event_frame(event, message=event.message, room=room) for event in events]
    frames.sort(key=lambda frame: frame["position"])
    # Each query reads up to `limit` rows and the step keeps as many of both together,
    # so a row that was not read never lies before the end of the step.
    kept = frames[: _as_many_as_fit(frames, limit)]
    more = len(kept) < len(frames) or len(messages) == limit or len(events) == limit
    return Missed(kept, kept[-1]["position"] if kept else max(after, 0), more)


def _messages_between(room: Room, after: int, until: int, limit: int) -> list[Message]:
    rows = _rows(room).filter(position__gt=after, position__lte=until)
    return list(rows.order_by("position")[:limit])


def _events_between(room: Room, after: int, until: int, limit: int) -> list[RoomEvent]:
    rows = RoomEvent.objects.filter(room=room, position__gt=after, position__lte=until)
    return list(rows.select_related("message").order_by("position")[:limit])


def _as_many_as_fit(frames: list[dict[str, Any]], limit: int) -> int:
    """How many of these frames make one step: a long message is a step of its own."""
    size = 0
    for count, frame in enumerate(frames[:limit]):
        size += len(frame.get("text") or "") * 2 + len(frame.get("html") or "") * 2
        # always at least one frame, or catching up would stop at a long message
        if size > BYTES_AT_ONCE and count:
            return count
    return min(limit, len(frames))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a room's history, oldest message first."""

    messages: list[Message]
    has_older: bool
    has_newer: bool


def _rows(room: Room) -> QuerySet[Message]:
    return Message.objects.filter(room=room).select_related("author").defer("folded")


def before(room: Room, seq: int, count: int = SHOWN) -> HistoryPage:
    """The messages before this one; with a number past the last, the newest."""
    rows = list(_rows(room).filter(seq__lt=seq).order_by("-seq")[: count + 1])
    return HistoryPage(rows[count - 1 :: -1], has_older=len(rows) > count, has_newer=seq <= room.last_seq)


def after(room: Room, seq: int, count: int = SHOWN) -> HistoryPage:
    rows = list(_rows(room).filter(seq__gt=seq).order_by("seq")[: count + 1])
    return HistoryPage(rows[:count], has_older=seq > 0, has_newer=len(rows) > count)


def around(room: Room, seq: int, count: int = SHOWN) -> HistoryPage:
    """A message with those before and after it."""
    low, high = seq - count // 2, seq + count // 2
    rows = list(_rows(room).filter(seq__gte=low, seq__lte=high).order_by("seq"))
    return HistoryPage(rows, has_older=low > 1, has_newer=high < room.last_seq)


def shown_beside(room: Room, leaf: HistoryPage) -> list[Message]:
    """What a page of history shows beside it: what is pinned, and what its messages answer; one query."""
    here = {message.seq for message in leaf.messages}
    answered = {message.reply_to for message in leaf.messages if message.reply_to} - here
    wanted = Q(pinned_at__isnull=False) | Q(seq__in=answered) if answered else Q(pinned_at__isnull=False)
    # PostgreSQL puts rows without `pinned_at` first and SQLite last: the limit has room for both kinds
    return list(_rows(room).filter(wanted).order_by("-pinned_at", "seq")[: MOST_PINNED + len(answered)])


def first_at(room: Room, instant: datetime) -> int | None:
    """The number of the first message from this instant on."""
    return Message.objects.filter(room=room, at__gte=instant).order_by("at").values_list("seq", flat=True).first()


def search(rooms: QuerySet[Room], said: str, *, before_pk: int | None = None) -> list[Message]:
    """Messages of these rooms that hold all the words, the newest first."""
    wanted = [word for word in said.replace("\x00", "").casefold().split() if word][:MOST_WORDS]
    if not wanted:
        return []
    rows = Message.objects.filter(room__in=rooms.values("pk"), deleted_at=None)
    for word in wanted:
        # not `icontains` on the text: SQLite ignores case for ASCII letters only
        rows = rows.filter(folded__contains=word)
    if before_pk:
        rows = rows.filter(pk__lt=before_pk)
    # by primary key: the numbers of different rooms cannot be compared
    return list(
        rows.select_related("author", "room__group__course", "room__course", "room__project").order_by("-pk")[
            :MOST_FOUND
        ]
    )


def log(room: Room, before_position: int | None = None, count: int = SHOWN) -> list[RoomEvent]:
    """What was edited and deleted, for moderators, the newest first."""
    kinds = (RoomEvent.Kind.EDITED, RoomEvent.Kind.DELETED)
    rows = RoomEvent.objects.filter(room=room, kind__in=kinds)
    if before_position:
        rows = rows.filter(position__lt=before_position)
    return list(rows.select_related("message__author", "actor").order_by("-position")[:count])


def seen_by(room: Room, seq: int, people: Sequence[int]) -> int:
    """How many of these people have read this message."""
    return ReadMarker.objects.filter(room=room, user_id__in=people, seq__gte=seq).count()

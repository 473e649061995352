"""What has been said in a room: after a position, around a message, by words. All by key, never by offset."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet

from chat.frames import event_frame, message_frame
from chat.models import Attachment, Mention, Message, Reaction, Room, RoomEvent

AT_ONCE = 500  # events of one step of catching up
SHOWN = 50  # messages of a page of the room
MOST_WORDS = 5
MOST_FOUND = 30


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened after a position: frames in their order, the last position they reach, whether there is more."""

    frames: list[dict[str, Any]]
    position: int
    more: bool


def with_all(rows: QuerySet[Message]) -> QuerySet[Message]:
    """With what a frame of a message is made of; four queries more, whatever the number of messages."""
    return rows.select_related("author").prefetch_related(
        Prefetch("attachments", Attachment.objects.order_by("pk")),
        Prefetch("reactions", Reaction.objects.order_by("pk")),
        Prefetch("mentions", Mention.objects.select_related("user")),
    )


def _names(message: Message) -> list[str]:
    return [mention.user.display_name for mention in message.mentions.all() if mention.user.display_name]


def frames_of(room: Room, messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Frames of messages that `with_all` has read; one query for what they answer."""
    messages = list(messages)
    asked = {message.reply_to for message in messages if message.reply_to}
    known = {message.seq: message for message in messages}
    if missing := asked - known.keys():
        answered = Message.objects.filter(room=room, seq__in=missing).select_related("author")
        known.update({message.seq: message for message in answered})
    return [
        message_frame(
            message,
            room=room,
            names=_names(message),
            reply=known.get(message.reply_to or 0),
            attachments=message.attachments.all(),  # type: ignore[arg-type]
            reactions=message.reactions.all(),
        )
        for message in messages
    ]


def missed(room: Room, after: int, limit: int = AT_ONCE) -> Missed:
    """Everything in a room after this position, in order: messages as they are now, and what happened to older ones."""
    messages = list(with_all(Message.objects.filter(room=room, position__gt=after).order_by("position"))[:limit])
    events = list(
        RoomEvent.objects.filter(room=room, position__gt=after)
        .select_related("message__author")
        .prefetch_related(Prefetch("message__mentions", Mention.objects.select_related("user")))
        .order_by("position")[:limit]
    )
    frames = frames_of(room, messages)
    frames += [
        event_frame(event, seq=event.message.seq, message=event.message, names=_names(event.message), room=room)
        for event in events
    ]
    frames.sort(key=lambda frame: frame["position"])
    more = len(frames) > limit or len(messages) == limit or len(events) == limit
    frames = frames[:limit]
    return Missed(frames, frames[-1]["position"] if frames else max(after, 0), more)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A page of a room's history, oldest message first."""

    frames: list[dict[str, Any]]
    has_older: bool
    has_newer: bool


def _leaf(room: Room, rows: Sequence[Message], *, has_older: bool, has_newer: bool) -> Leaf:
    return Leaf(frames_of(room, sorted(rows, key=lambda message: message.seq)), has_older, has_newer)


def before(room: Room, seq: int, count: int = SHOWN) -> Leaf:
    """The messages before this one; with a number past the last, the newest."""
    rows = list(with_all(Message.objects.filter(room=room, seq__lt=seq).order_by("-seq"))[: count + 1])
    return _leaf(room, rows[:count], has_older=len(rows) > count, has_newer=seq <= room.last_seq)


def after(room: Room, seq: int, count: int = SHOWN) -> Leaf:
    rows = list(with_all(Message.objects.filter(room=room, seq__gt=seq).order_by("seq"))[: count + 1])
    return _leaf(room, rows[:count], has_older=seq > 0, has_newer=len(rows) > count)


def around(room: Room, seq: int, count: int = SHOWN) -> Leaf:
    """A message in the midst of its neighbours."""
    half = count // 2
    low, high = seq - half, seq + half
    rows = list(with_all(Message.objects.filter(room=room, seq__gte=low, seq__lte=high).order_by("seq")))
    oldest = rows[0].seq if rows else 1
    return _leaf(room, rows, has_older=low > 1 and oldest > 1, has_newer=high < room.last_seq)


def first_at(room: Room, instant: datetime) -> int | None:
    """The number of the first message from this instant on."""
    return Message.objects.filter(room=room, at__gte=instant).order_by("at").values_list("seq", flat=True).first()


def pinned(room: Room) -> QuerySet[Message]:
    rows = Message.objects.filter(room=room, pinned_at__isnull=False, deleted_at=None)
    return rows.select_related("author").order_by("-pinned_at")[:20]


def search(rooms: QuerySet[Room], said: str, *, before_pk: int | None = None) -> list[Message]:
    """Messages of these rooms that hold all the words, the newest first."""
    wanted = [word for word in said.replace("\x00", "").casefold().split() if word][:MOST_WORDS]
    if not wanted:
        return []
    rows = Message.objects.filter(room__in=rooms.values("pk"), deleted_at=None)
    for word in wanted:
        rows = rows.filter(folded__contains=word)
    if before_pk:
        rows = rows.filter(pk__lt=before_pk)
    return list(rows.select_related("author", "room__group__course", "room__course").order_by("-pk")[:MOST_FOUND])


def log(room: Room, before_position: int | None = None, count: int = SHOWN) -> list[RoomEvent]:
    """What was edited and deleted, for moderators, the newest first."""
    kinds = (RoomEvent.Kind.EDITED, RoomEvent.Kind.DELETED)
    rows = RoomEvent.objects.filter(room=room, kind__in=kinds)
    if before_position:
        rows = rows.filter(position__lt=before_position)
    return list(rows.select_related("message__author", "actor").order_by("-position")[:count])


def seen_counts(room: Room, seqs: Sequence[int], members: int) -> dict[int, int]:
    """How many have read each of these messages, from the markers of the room; one query."""
    from chat.models import ReadMarker

    found: dict[int, int] = defaultdict(int)
    for read in ReadMarker.objects.filter(room=room).values_list("seq", flat=True)[: members + 1000]:
        for seq in seqs:
            if read >= seq:
                found[seq] += 1
    return dict(found)

"""Writing messages: the transaction that gives them their numbers.

Several may come at once (a process hands over all that its sockets have sent meanwhile): they share one
transaction and each gets an answer of its own. An acknowledged message is committed.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat.models import MOST_CHARACTERS, Attachment, Mention, Message, Mute, ReadMarker, Room
from chat.rooms import pace, text
from chat.rooms.access import RoomStanding, padded_keys, standings, start_standings
from chat.rooms.frames import ChatError, as_text, bad_frame, message_frame, not_found, too_long
from chat.rooms.publisher import publish_frames
from learning.accounts.models import User
from learning.base.compiled import CompiledInsert, CompiledQuery, CompiledUpdate, in_one_trip

MOST_CALLED = 200  # names looked for in one message
MOST_MENTIONS = 50


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that someone wants to send."""

    user_id: int
    room_id: int
    nonce: UUID
    text: str
    reply_to: int | None = None
    attachments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ack:
    """A message is stored, under this number."""

    room_id: int
    nonce: UUID
    seq: int
    position: int

    def as_frame(self) -> dict[str, Any]:
        facts = {"room": self.room_id, "nonce": str(self.nonce), "seq": self.seq, "position": self.position}
        return {"type": "ack", **facts}


Answer = Ack | ChatError


def post_message(**draft: Any) -> Ack:
    """Store one message, given as the fields of a `Draft`; raises ChatError. The same nonce gives the same answer."""
    answer = post_messages([Draft(**draft)])[0]
    if isinstance(answer, ChatError):
        raise answer
    return answer


def post_messages(drafts: Sequence[Draft]) -> list[Answer]:
    """Store these messages in their order; return one answer for each draft, in the same order.

    HTML is rendered before the transaction: otherwise other writers would wait for it, at the lock of the room or, on
    SQLite, at the lock of the database.
    """
    answers: dict[int, Answer] = {}
    for place, draft in enumerate(drafts):
        if error := _fault(draft):
            answers[place] = error
    bodies = _bodies([draft for place, draft in enumerate(drafts) if place not in answers])
    return _stored(drafts, answers, bodies)


@dataclass(frozen=True, slots=True)
class _Body:
    """What a text is turned into: the people it mentions, by name, and its HTML."""

    mentions: dict[str, int]
    html: str


Bodies = dict[tuple[int, str], _Body]
Rows = list[tuple[Any, ...]]


def _bodies(drafts: Sequence[Draft]) -> Bodies:
    """The bodies of these drafts, by room and text."""
    called = _called(drafts)
    rooms: dict[int, Room] = {}
    if any("/courses/" in draft.text for draft in drafts):
        rooms = Room.objects.select_related("group").in_bulk({draft.room_id for draft in drafts})
    bodies: Bodies = {}
    for draft in drafts:
        here = called.get(draft.room_id)
        mentions = text.mentioned(draft.text, here) if here else {}
        html = text.as_html(draft.text, names=list(mentions), room=rooms.get(draft.room_id))
        bodies[draft.room_id, draft.text] = _Body(mentions, html or "")
    return bodies


@transaction.atomic
def _stored(drafts: Sequence[Draft], answers: dict[int, Answer], bodies: Bodies) -> list[Answer]:
    with in_one_trip():
        standings_here = start_standings((draft.user_id, draft.room_id) for draft in drafts)
        author_rows = _author_rows.start(padded_keys(draft.user_id for draft in drafts))
        # The lock of a room: numbers are given and nonces compared under it, by whatever process or page.
        room_rows = _room_rows.start(padded_keys(draft.room_id for draft in drafts))
        # After the lock: each statement sees what was committed before it starts (READ COMMITTED),
        # so this one finds a nonce that the last holder of the lock has stored (promise 25).
        written_rows = _start_written(drafts)
    here, authors, rooms = standings_here(), _authors(author_rows()), _rooms(room_rows())
    known, written = _by_author(written_rows())
    # the time is taken under the lock, so that times follow the numbers
    posting = _Posting(rooms, timezone.now(), bodies)
    for place, draft in enumerate(drafts):
        if place in answers:
            continue
        before = known.get((draft.room_id, draft.user_id, draft.nonce))
        standing = here[draft.user_id, draft.room_id]
        # first, and one answer for both: no other refusal may tell that the room exists (promise 5)
        if draft.room_id not in rooms or not standing.is_member:
            answers[place] = not_found()
        elif before is not None:  # stored already, even if its author was muted since
            answers[place] = Ack(draft.room_id, draft.nonce, before.seq, before.position)
        elif error := _refusal(draft, rooms, standing):
            answers[place] = error
        elif seconds := pace.seconds_to_wait(written[draft.user_id], posting.now):
            answers[place] = pace.too_fast(seconds)
        elif error := posting.add(draft, authors[draft.user_id]):
            answers[place] = error
        else:
            # later drafts of this transaction count it too, though it is not in the database yet
            written[draft.user_id].append(posting.now)
            # the same nonce may come twice in one batch: the second draft gets the answer of the first
            message = known[draft.room_id, draft.user_id, draft.nonce] = posting.messages[-1]
            answers[place] = Ack(draft.room_id, draft.nonce, message.seq, message.position)
    posting.store()
    return [answers[place] for place in range(len(drafts))]


def _fault(draft: Draft) -> ChatError | None:
    if len(draft.text) > MOST_CHARACTERS:
        return too_long()
    if "\x00" in draft.text or not (draft.text.strip() or draft.attachments):
        return bad_frame()
    return None


_room_rows = CompiledQuery(
    lambda room_ids: (
        # SQLite has no row locks: its transactions are IMMEDIATE (settings), so only one writes at a time
        Room.objects.select_for_update()
        .filter(pk__in=room_ids)
        # locked in the order of their keys, so that two batches over the same rooms cannot deadlock
        .order_by("pk")
        .values_list("pk", "last_seq", "last_position", "group_id", "course_id")
    )
)
_author_rows = CompiledQuery(
    lambda user_ids: (
        # all that `frames.person` reads: in the objects of `_authors` any other field has its default
        User.objects.order_by()
        .filter(pk__in=user_ids)
        .values_list("pk", "display_name", "email", "avatar", "anonymised_at")
    )
)


_new_messages = CompiledInsert(Message)
# An upsert: `mark_read` may create the row at the same moment, without the lock of the room.
# It sets `seq` only, so `silenced` stays as the person has chosen.
_read_markers = CompiledInsert(ReadMarker, unique=["room", "user"], update=["seq"])
_room_positions = CompiledUpdate(
    lambda room_id: Room.objects.filter(pk=room_id), "last_seq", "last_position", "spoken_at"
)


def _rooms(rows: Rows) -> dict[int, Room]:
    """The rooms of these rows, which are locked, by key."""
    names = ("pk", "last_seq", "last_position", "group_id", "course_id")
    return {row[0]: Room(**dict(zip(names, row, strict=True))) for row in rows}


def _authors(rows: Rows) -> dict[int, User]:
    """The people of these rows, with what a message says of its author, by key."""
    names = ("pk", "display_name", "email", "avatar", "anonymised_at")
    return {row[0]: User(**dict(zip(names, row, strict=True))) for row in rows}


Known = dict[tuple[int, int | None, UUID], Any]


_written_rows = CompiledQuery(
    lambda authors, rooms, nonces, since: (
        Message.objects.order_by()
        .filter(Q(room__in=rooms, nonce__in=nonces) | Q(at__gt=since), author__in=authors)
        .values_list("room_id", "author_id", "nonce", "seq", "position", "at")
    )
)


def _start_written(drafts: Sequence[Draft]) -> Callable[[], Rows]:
    """Start the query for messages with these nonces, and for the recent messages of these people."""
    authors, rooms = padded_keys(draft.user_id for draft in drafts), padded_keys(draft.room_id for draft in drafts)
    nonces = padded_keys(draft.nonce for draft in drafts)
    return _written_rows.start(authors, rooms, nonces, timezone.now() - pace.counted_period())


def _by_author(rows: Rows) -> tuple[Known, dict[int, list[datetime]]]:
    """Return the messages of these rows by room, author and nonce; and the times of each author's messages."""
    known: Known = {}
    written: dict[int, list[datetime]] = defaultdict(list)
    for room_id, author_id, nonce, seq, position, at in rows:
        known[room_id, author_id, nonce] = SimpleNamespace(seq=seq, position=position)
        written[author_id].append(at)
    for times in written.values():
        times.sort()
    return known, written


def refusal_to_write(room: Room | None, standing: RoomStanding) -> ChatError | None:
    """Return why this person may not write in this room now; None if they may."""
    if room is None or not standing.is_member:
        return not_found()
    if standing.is_over:
        return ChatError("read_only", _("This room is only read now: its group has ended."))
    if standing.is_muted:
        return muted(current_mute(room.pk, standing.user_id))
    return None


def _refusal(draft: Draft, rooms: dict[int, Room], standing: RoomStanding) -> ChatError | None:
    return refusal_to_write(rooms.get(draft.room_id), standing)


def current_mute(room_id: int, user_id: int) -> Mute | None:
    now = timezone.now()
    rows = Mute.objects.filter(room=room_id, person=user_id, lifted_at=None, until__gt=now)
    return rows.order_by("-until").first()


def muted(mute: Mute | None) -> ChatError:
    # there is none if the mute has ended since the standing was read
    reason = mute.reason if mute else ""
    seconds = (mute.until - timezone.now()).total_seconds() if mute else 1.0
    return ChatError("muted", reason or _("You may not write here for a time."), max(1.0, round(seconds)))


def _called(drafts: Sequence[Draft]) -> dict[int, dict[str, int]]:
    """Return, for each room, the members that these messages mention, by name."""
    names: dict[int, set[str]] = defaultdict(set)
    for draft in drafts:
        if "@" in draft.text:
            names[draft.room_id] |= set(sorted(text.possible_names(draft.text))[:MOST_CALLED])
    found: dict[int, dict[str, int]] = {}
    for room_id, said in names.items():
        rows = User.objects.filter(display_name__in=said, is_active=True)
        people = list(rows.values_list("pk", "display_name")[:MOST_CALLED])
        here = standings((pk, room_id) for pk, _name in people) if people else {}
        found[room_id] = {name: pk for pk, name in people if here[pk, room_id].is_member}
    return found


class _Posting:
    """What one transaction writes into some rooms, whose rows it has locked."""

    def __init__(self, rooms: dict[int, Room], now: datetime, bodies: Bodies) -> None:
        self.rooms, self.now, self.bodies = rooms, now, bodies
        self.messages: list[Message] = []
        self.attachments: dict[int, list[Attachment]] = {}
        self.claimed: set[int] = set()  # files that earlier messages of this transaction carry
        self.replies: dict[int, Message] = {}

    def add(self, draft: Draft, author: User) -> ChatError | None:
        """Give the draft its numbers; return the error if it is refused."""
        room, place = self.rooms[draft.room_id], len(self.messages)
        if draft.reply_to is not None:
            # of this room only: a reply shows an excerpt of the message, so it must not reach into other rooms
            answered = Message.objects.filter(room=room, seq=draft.reply_to).select_related("author").first()
            if answered is None:
                return not_found()
            self.replies[place] = answered
        if draft.attachments:
            # with the id of a file of someone else, or of another room, a message would open it to its readers
            own = Attachment.objects.filter(pk__in=draft.attachments, room=room, person=author, message=None)
            free = own.exclude(pk__in=self.claimed) if self.claimed else own
            if len(found := list(free.order_by("pk"))) != len(set(draft.attachments)):
                return not_found()
            self.attachments[place] = found
            self.claimed |= {file.pk for file in found}
        body = self.bodies[draft.room_id, draft.text]
        room.last_seq += 1
        room.last_position += 1
        self.messages.append(
            Message(
                room=room,
                seq=room.last_seq,
                position=room.last_position,
                author=author,
                nonce=draft.nonce,
                text=draft.text,
                folded=draft.text.casefold(),
                reply_to=draft.reply_to,
                at=self.now,
                mentions=body.mentions,
                html=body.html,
                files=[file.as_dict() for file in self.attachments.get(place, ())],
            )
        )
        return None

    def store(self) -> None:
        """Write everything, and publish the frames after the commit."""
        if not self.messages:
            return
        with in_one_trip():
            for room in {message.room_id: message.room for message in self.messages}.values():
                _room_positions.run(room.last_seq, room.last_position, self.now, room.pk)
            self._mark_read()
            set_keys = _new_messages.start(self.messages)
        set_keys()
        for place, found in self.attachments.items():
            Attachment.objects.filter(pk__in=[file.pk for file in found]).update(message=self.messages[place])
        self._store_mentions()
        frames: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for place, message in enumerate(self.messages):
            frame = message_frame(message, room=message.room, reply=self.replies.get(place))
            frames[message.room_id].append((message.position, as_text(frame)))
        for room_id, told in frames.items():
            publish_frames(room_id, told)

    def _store_mentions(self) -> None:
        rows = [
            Mention(message=message, room_id=message.room_id, user_id=pk, seq=message.seq)
            for message in self.messages
            # who is beyond the limit is still marked in the text, but neither counted nor mailed
            for pk in list(message.mentions.values())[:MOST_MENTIONS]
            if pk != message.author_id
        ]
        if rows:
            Mention.objects.bulk_create(rows)

    def _mark_read(self) -> None:
        """Set the read markers of the authors to their own messages."""
        # one row for each person and room: an upsert may not touch a row twice in one statement
        last = {(message.room_id, message.author): message.seq for message in self.messages}
        _read_markers.start(
            [ReadMarker(room_id=room, user=user, seq=seq) for (room, user), seq in last.items() if user]
        )

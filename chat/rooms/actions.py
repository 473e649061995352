"""Chat actions: editing, deleting, reacting, pinning, reading, muting. Sending messages is in `posting`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from chat import deeds
from chat.models import (
    MOST_CHARACTERS,
    REACTIONS,
    Attachment,
    Mention,
    Message,
    Mute,
    ReadMarker,
    Room,
    RoomEvent,
)
from chat.rooms.access import RoomStanding, standings
from chat.rooms.frames import ChatError, as_text, bad_frame, event_frame, not_found, too_long
from chat.rooms.posting import refusal_to_write
from chat.rooms.publisher import publish, publish_frames
from chat.rooms.text import as_html
from learning.accounts.actions import record
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.models import StudyGroup

MOST_MUTE = timedelta(days=365)
MOST_REASON = 300
UNSENT_KEPT = timedelta(days=1)  # a file whose message was never sent
PRUNED_AT_ONCE = 1000


class _Change:
    """A room and one of its messages, locked, with who wants to change something there."""

    def __init__(self, room: Room, message: Message, standing: RoomStanding) -> None:
        self.room, self.message, self.standing = room, message, standing

    @property
    def is_own(self) -> bool:
        return self.message.author_id == self.standing.user_id

    def note(self, kind: RoomEvent.Kind, *, before: str = "", **facts: Any) -> RoomEvent:
        """Give what happened its place in the room's order, and tell of it when it is committed."""
        room, message = self.room, self.message
        room.last_position += 1
        event = RoomEvent.objects.create(
            room=room,
            position=room.last_position,
            message=message,
            kind=kind,
            actor_id=self.standing.user_id,
            before=before,
            facts=facts,
        )
        Room.objects.filter(pk=room.pk).update(last_position=room.last_position)
        frame = event_frame(event, message=message, room=room)
        publish_frames(room.pk, [(event.position, as_text(frame))])
        return event


@contextmanager
def _changing(user_id: int, room_id: int, seq: int, *, to_moderate: bool = False) -> Iterator[_Change]:
    """The message under the room's lock, for someone who may write there; raises ChatError.

    Who moderates may still do so (`to_moderate`) in a room that is only read.
    """
    with transaction.atomic():
        standing = standings([(user_id, room_id)])[user_id, room_id]
        # the room alone: PostgreSQL refuses to lock the nullable side of a join, and courses must stay free
        locked = Room.objects.select_for_update(of=("self",)).filter(pk=room_id)
        room = locked.select_related("group__course", "course", "project").first()
        error = refusal_to_write(room, standing)
        if error and not (error.code == "read_only" and standing.moderates and to_moderate):
            raise error
        # read after the lock: reactions are read, changed and written back as a whole, and none may get lost
        message = Message.objects.filter(room=room_id, seq=seq).first()
        if room is None or message is None:
            raise not_found()
        yield _Change(room, message, standing)


def is_in_time(message: Message) -> bool:
    """Whether its author may still change a message."""
    return timezone.now() - message.at <= timedelta(minutes=settings.CHAT_EDIT_MINUTES)


def _too_late() -> ChatError:
    words = _("One's own messages can be changed for {n} minutes.")
    return ChatError("forbidden", format_lazy(words, n=settings.CHAT_EDIT_MINUTES))


def _html_of_edit(user_id: int, room_id: int, seq: int, text: str) -> str:
    """The new words as HTML, made before the room is locked; nothing for who is not the author."""
    rows = Message.objects.filter(room_id=room_id, seq=seq, author_id=user_id)
    own = rows.select_related("room__group").defer("folded").first()
    return (as_html(text, names=list(own.mentions), room=own.room) or "") if own else ""


def edit_message(*, user_id: int, room_id: int, seq: int, text: str) -> RoomEvent | None:
    """Change the words of one's own message; nothing happens where they are the same. Raises ChatError."""
    if len(text) > MOST_CHARACTERS:
        raise too_long()
    html = _html_of_edit(user_id, room_id, seq, text)
    with _changing(user_id, room_id, seq) as change:
        message = change.message
        if message.deleted_at or not change.is_own:
            raise ChatError("forbidden", _("Only its author changes a message."))
        if not is_in_time(message):
            raise _too_late()
        if "\x00" in text or not (text.strip() or message.attachments.exists()):
            raise bad_frame()
        if text == message.text:
            return None
        # mentions stay as they were when the message was sent: an edit notifies nobody
        before, message.text, message.folded = message.text, text, text.casefold()
        message.edited_at, message.html = timezone.now(), html
        message.save(update_fields=["text", "folded", "html", "edited_at"])
        return change.note(RoomEvent.Kind.EDITED, before=before)


def delete_message(*, user_id: int, room_id: int, seq: int) -> RoomEvent | None:
    """Delete a message: one's own in time, or any as a moderator. Its text stays in the moderators' log."""
    with _changing(user_id, room_id, seq, to_moderate=True) as change:
        message = change.message
        if message.deleted_at:
            return None
        if not change.standing.moderates:
            if not change.is_own:
                raise ChatError("forbidden", _("Only its author or a moderator deletes a message."))
            if not is_in_time(message):
                raise _too_late()
        # the row stays: numbers have no gaps, and replies refer to it
        before, message.text, message.folded = message.text, "", ""
        message.deleted_at, message.pinned_at = timezone.now(), None
        message.mentions, message.reactions, message.files, message.html = {}, {}, [], ""
        message.save()
        for attachment in message.attachments.all():
            attachment.delete()
        # a deleted message must not count as an unread mention
        message.calls.all().delete()
        if not change.is_own:
            course, actor = change.room.of_course, User.objects.get(pk=user_id)
            facts = {"did": "deleted", "room": room_id, "seq": seq}
            course_id = course.pk if course else None
            record(deeds.CHAT, actor=actor, person=message.author, course_id=course_id, facts=facts)
        return change.note(RoomEvent.Kind.DELETED, before=before)


def react(*, user_id: int, room_id: int, seq: int, emoji: str, on: bool) -> RoomEvent | None:
    """Add one's reaction to a message, or remove it; returns None if nothing changes."""
    if emoji not in REACTIONS:
        raise bad_frame()
    with _changing(user_id, room_id, seq) as change:
        if change.message.deleted_at:
            raise not_found()
        people = change.message.reactions.get(emoji, [])
        if (user_id in people) == on:
            return None
        people = [*people, user_id] if on else [pk for pk in people if pk != user_id]
        change.message.reactions = {**change.message.reactions, emoji: people}
        if not people:
            del change.message.reactions[emoji]
        change.message.save(update_fields=["reactions"])
        return change.note(RoomEvent.Kind.REACTED, emoji=emoji, on=on)


def pin(*, user_id: int, room_id: int, seq: int, on: bool) -> RoomEvent | None:
    """Pin a message at the top of the room, or unpin it; for moderators of the room."""
    with _changing(user_id, room_id, seq) as change:
        message = change.message
        if not change.standing.moderates:
            raise ChatError("forbidden", _("Only teachers and moderators pin messages."))
        if message.deleted_at:
            raise not_found()
        if bool(message.pinned_at) == on:
            return None
        message.pinned_at = timezone.now() if on else None
        message.save(update_fields=["pinned_at"])
        return change.note(RoomEvent.Kind.PINNED, on=on)


def mark_read(*, user_id: int, room_id: int, seq: int) -> int:
    """Move the person's read marker to this message, never backwards; return where it is now."""
    standing = standings([(user_id, room_id)])[user_id, room_id]
    last = Room.objects.filter(pk=room_id).values_list("last_seq", flat=True).first()
    if not standing.is_member or last is None:
        raise not_found()
    # a number beyond the end would mark future messages as read
    seq = min(seq, last)
    with transaction.atomic():
        # locked while it is compared: two tabs may report different numbers at the same time
        marker, _created = ReadMarker.objects.select_for_update().get_or_create(room_id=room_id, user_id=user_id)
        if seq > marker.seq:
            marker.seq = seq
            marker.save(update_fields=["seq"])
            publish(room_id, {"type": "read", "room": room_id, "user": user_id, "seq": seq})
    return marker.seq


def silence(*, user: User, room: Room, on: bool) -> None:
    """Mute the notices of a room for this person, or turn them on again; mentions are always notified."""
    # a new marker begins at 0: who has not opened the room yet has still not read it, nor seen who mentions them
    ReadMarker.objects.update_or_create(room=room, user=user, defaults={"silenced": on})


def cannot_be_muted() -> ChatError:
    """The same for a moderator, for someone who is not here, and for an account that does not exist (promise 5)."""
    return ChatError("forbidden", _("Teachers and moderators cannot be muted, nor people who are not here."))


@transaction.atomic
def mute(*, room: Room, person: User, actor: User, duration: timedelta, reason: str) -> Mute:
    """Take the right to write in a room from someone for a time; they are told the reason. Raises ChatError."""
    here = standings([(person.pk, room.pk), (actor.pk, room.pk)])
    # before anything is said of the other person: who may not mute learns nothing of them (promise 5)
    if not here[actor.pk, room.pk].moderates:
        raise not_found()
    target = here[person.pk, room.pk]
    if not target.is_member or target.moderates:
        raise cannot_be_muted()
    reason = reason.strip()[:MOST_REASON]
    if not reason or not timedelta(0) < duration <= MOST_MUTE or "\x00" in reason:
        raise ChatError("bad_frame", _("A mute needs a reason and a time of at most a year."))
    now = timezone.now()
    Mute.objects.filter(room=room, person=person, lifted_at=None, until__gt=now).update(lifted_at=now)
    row = Mute.objects.create(room=room, person=person, by=actor, reason=reason, until=now + duration)
    _note_mute(room, person, actor, {"did": "muted", "minutes": int(duration.total_seconds() // 60)})
    return row


@transaction.atomic
def unmute(*, room: Room, person: User, actor: User) -> bool:
    """Let them write again; returns whether they were muted."""
    if not standings([(actor.pk, room.pk)])[actor.pk, room.pk].moderates:
        raise not_found()
    now = timezone.now()
    lifted = Mute.objects.filter(room=room, person=person, lifted_at=None, until__gt=now).update(lifted_at=now)
    if lifted:
        _note_mute(room, person, actor, {"did": "unmuted"})
    return bool(lifted)


def _note_mute(room: Room, person: User, actor: User, facts: dict[str, Any]) -> None:
    course = room.of_course
    told = {**facts, "room": room.pk}
    record(deeds.CHAT, actor=actor, person=person, course_id=course.pk if course else None, facts=told)


@transaction.atomic
def open_course_room(*, course: CoursePage, actor: User) -> Room:
    """A room for everyone in a course; the same one when there is one."""
    room, created = Room.objects.get_or_create(course=course)
    if created:
        facts = {"did": "opened", "room": room.pk}
        record(deeds.CHAT, actor=actor, course_id=course.pk, facts=facts)
    elif room.is_default:
        room.is_default = False
        room.save(update_fields=["is_default"])
    return room


def open_missing_rooms() -> int:
    """Rooms for groups that were made without signals, in bulk; returns how many."""
    groups = StudyGroup.objects.filter(room=None)
    return len(Room.objects.bulk_create([Room(group=group) for group in groups], batch_size=500))


def forget_old() -> int:
    """Delete messages older than the setting says, and files whose message was never sent; returns how many messages.

    Numbers are never used again: a client that catches up from before gets what is left, in order.
    """
    Attachment.objects.filter(message=None, created_at__lt=timezone.now() - UNSENT_KEPT).delete()
    if not settings.CHAT_KEEP_DAYS:
        return 0
    oldest = timezone.now() - timedelta(days=settings.CHAT_KEEP_DAYS)
    count = 0
    while True:
        # each slice is a transaction of its own: on SQLite nobody else can write during it
        keys = list(Message.objects.filter(at__lt=oldest).order_by("pk").values_list("pk", flat=True)[:PRUNED_AT_ONCE])
        if not keys:
            return count
        Message.objects.filter(pk__in=keys).delete()
        count += len(keys)


def forget_person(person: User) -> None:
    """Anonymise a person in chats: their messages stay as those of a former member; their own records are deleted."""
    ReadMarker.objects.filter(user=person).delete()
    for message in Message.objects.filter(calls__user=person):
        message.mentions = {name: pk for name, pk in message.mentions.items() if pk != person.pk}
        message.html = None  # it is made anew, without the mark of a mention
        message.save(update_fields=["mentions", "html"])
    Mention.objects.filter(user=person).delete()
    Attachment.objects.filter(person=person, message=None).delete()

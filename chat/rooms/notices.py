"""Mail to people who were mentioned and have not seen it: one mail for all mentions of a person."""

from collections import defaultdict
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation

from chat.models import Mention, ReadMarker, Room
from chat.rooms.access import standings
from learning.accounts.models import User
from learning.base.mail import mail_text

WAIT = timedelta(minutes=15)  # who looks by themselves meanwhile gets no mail
TOLD_AT_ONCE = 500


@transaction.atomic
def send_mentions() -> int:
    """Write to people about mentions they have not seen for a while; each is told once. Returns how many letters.

    The letter names who called and where; what was said stays in the room.
    """
    # Locked, since a job may run twice and each mention is mailed once; mail is a job in the same transaction.
    # Only the mention's own row: PostgreSQL cannot lock the nullable side of a join, here the author.
    due = Mention.objects.select_for_update(of=("self",)).filter(
        told_at=None, message__at__lt=timezone.now() - WAIT, message__deleted_at=None
    )
    mentions = list(due.select_related("message__author", "user").order_by("pk")[:TOLD_AT_ONCE])
    read = {
        (marker.user_id, marker.room_id): marker.seq
        for marker in ReadMarker.objects.filter(
            user_id__in={mention.user_id for mention in mentions}, room_id__in={mention.room_id for mention in mentions}
        )
    }
    here = standings((mention.user_id, mention.room_id) for mention in mentions) if mentions else {}
    wanted: dict[int, list[Mention]] = defaultdict(list)
    for mention in mentions:
        pair = (mention.user_id, mention.room_id)
        if mention.seq > read.get(pair, 0) and here[pair].is_member and mention.user.course_mail:
            wanted[mention.user_id].append(mention)
    rooms = {room.pk: room for room in Room.objects.named().filter(pk__in={m.room_id for m in mentions})}
    for calls in wanted.values():
        _write(calls[0].user, calls, rooms)
    # also those that need no mail: otherwise each run would read them again
    Mention.objects.filter(pk__in=[mention.pk for mention in mentions]).update(told_at=timezone.now())
    return len(wanted)


def _write(person: User, calls: list[Mention], rooms: dict[int, Room]) -> None:
    with translation.override(person.language or settings.LANGUAGE_CODE):
        lines = [
            {
                "author": call.message.author.get_full_name() if call.message.author else "",
                "room": rooms[call.room_id].name,
                "url": f"{settings.BASE_URL}{rooms[call.room_id].get_absolute_url()}?at={call.seq}#m{call.seq}",
            }
            for call in calls
        ]
    text = mail_text("chat/mail/mentions.txt", person.language, {"person": person, "lines": lines})
    EmailMessage(text.subject, text.body, to=[person.email]).send()

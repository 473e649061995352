"""The chat's part of the demo school: a week of talk in the room of its study group."""

import uuid
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from chat.models import Message, Room, RoomEvent
from chat.rooms.actions import mark_read, pin, react
from chat.rooms.posting import post_message
from learning.base.demo import DemoPart, DemoSchool, register_demo_part


class TalkLine(NamedTuple):
    """One message: how many days ago, at what time, who, what, in reply to which line, and who liked it with what."""

    days: int
    clock: str
    who: str
    text: str
    reply_to: int | None = None
    reactions: tuple[tuple[str, str], ...] = ()


TEACHER, VERA, TOM = "teacher@example.org", "student@example.org", "student2@example.org"
PINNED = 1  # the line that is pinned
UNREAD = 2  # lines that Vera has not read yet

LINES = (
    TalkLine(
        7, "09:12", TEACHER, "Good morning! Welcome to **Autumn**. Say hello, and tell us what you would like to build."
    ),
    TalkLine(7, "09:15", TEACHER, "Our plan: one module a week. Ask here at any time; I read every evening."),
    TalkLine(7, "10:02", VERA, "Hello! I am Vera. I want to count the books I lend to friends.", None, ((TOM, "👍"),)),
    TalkLine(
        7, "18:40", TOM, "Tom here. I would like a small quiz for my daughter.", None, ((TEACHER, "🎉"), (VERA, "❤️"))
    ),
    TalkLine(
        6, "19:05", TOM, "In *Names for values* I wrote `name = input` and got something strange instead of my name."
    ),
    TalkLine(
        6,
        "20:30",
        TEACHER,
        'That is the function itself. Add the brackets and it is called:\n\n```\nname = input("Your name? ")\n```',
        4,
        ((TOM, "🙏"),),
    ),
    TalkLine(6, "20:41", TOM, "Now it works. So brackets mean “do it”?", 5),
    TalkLine(6, "20:44", TEACHER, "Exactly.", 6, ((VERA, "✅"),)),
    TalkLine(5, "12:20", VERA, "Is there a difference between `'book'` and `\"book\"`?"),
    TalkLine(5, "12:52", TOM, "I think not. You need the other ones when there is an apostrophe inside.", 8),
    TalkLine(5, "20:10", TEACHER, "@Tom Keller is right. Choose one and stay with it.", 9),
    TalkLine(
        4,
        "17:33",
        VERA,
        "My first program of ten lines! It tells me whether a book is late.",
        None,
        ((TEACHER, "🎉"), (TOM, "😮")),
    ),
    TalkLine(4, "20:15", TEACHER, "Lovely. What does it say when the book comes back today?", 11),
    TalkLine(4, "20:29", VERA, "Oh. It says *late*. It should be `<=` and not `<`.", 12),
    TalkLine(
        3,
        "08:05",
        TEACHER,
        "A hint for module two: read the condition aloud, as a sentence. If it sounds odd, it is odd.",
    ),
    TalkLine(2, "19:48", TOM, "Are lists and dictionaries ever the better choice for the same thing?"),
    TalkLine(
        2,
        "21:02",
        TEACHER,
        "For words and their meanings take a dictionary; for a queue of people take a list.",
        15,
        ((TOM, "👍"),),
    ),
    TalkLine(1, "18:11", VERA, "Shall we look at each other's programs on Friday?", None, ((TOM, "✅"),)),
    TalkLine(0, "08:02", TEACHER, "Good idea! Friday at six, here in the chat. @Vera Blum, would you begin?", 17),
    TalkLine(0, "08:30", TOM, "I am in. The quiz has three questions so far."),
)


def _instant(line: TalkLine, now: datetime) -> datetime:
    hour, minute = map(int, line.clock.split(":"))
    at = (now - timedelta(days=line.days)).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return min(at, now - timedelta(minutes=2))


def _post_talk(school: DemoSchool) -> None:
    """Post the lines with the chat's own actions, then set their times back into the week."""
    people, room = school.people, Room.objects.get(group=school.groups["Autumn"])
    now = timezone.now()
    seqs: list[int] = []
    for line in LINES:
        reply_to = seqs[line.reply_to] if line.reply_to is not None else None
        person = people[line.who]
        # each is posted as if alone: nobody writes as fast as a program
        Message.objects.filter(room=room).update(at=now - timedelta(days=30))
        ack = post_message(user_id=person.pk, room_id=room.pk, text=line.text, nonce=uuid.uuid4(), reply_to=reply_to)
        seqs.append(ack.seq)
        for email, emoji in line.reactions:
            react(user_id=people[email].pk, room_id=room.pk, seq=ack.seq, emoji=emoji, on=True)
    pin(user_id=people[TEACHER].pk, room_id=room.pk, seq=seqs[PINNED], on=True)
    for line, seq in zip(LINES, seqs, strict=True):
        Message.objects.filter(room=room, seq=seq).update(at=_instant(line, now))
    RoomEvent.objects.filter(room=room).update(at=now - timedelta(hours=3))
    Room.objects.filter(pk=room.pk).update(spoken_at=_instant(LINES[-1], now))
    mark_read(user_id=people[VERA].pk, room_id=room.pk, seq=seqs[-1 - UNREAD])
    for email in (TEACHER, TOM):
        mark_read(user_id=people[email].pk, room_id=room.pk, seq=seqs[-1])


def _remove_room(course_id: int) -> None:
    Room.objects.filter(course_id=course_id).delete()


register_demo_part(DemoPart("talk", add=_post_talk, remove=_remove_room))

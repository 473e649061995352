"""Run by `manage.py shell`: puts the measured student into a room of 100,000 messages and prints its address."""

import json
import os
import uuid

from chat.models import Message, Room
from learning.enrollment.models import Enrollment, StudyGroup

COUNT = int(os.environ.get("BENCH_MESSAGES", "100000"))
AT_ONCE = 5000
WORDS = "Words of a message that is neither long nor short, with **weight** and `code` in it."

student = Enrollment.objects.get(pk=os.environ["BENCH_ENROLLMENT"])
group = StudyGroup.objects.filter(course=student.course_id).order_by("pk")[1]
Enrollment.objects.filter(pk=student.pk).update(group=group)
room = Room.objects.get(group=group)
authors = list(Enrollment.objects.filter(group=group).values_list("user_id", flat=True)[:20])
for start in range(0, COUNT, AT_ONCE):
    Message.objects.bulk_create(
        Message(
            room=room, seq=n, position=n, author_id=authors[n % len(authors)], nonce=uuid.uuid4(), text=WORDS,
            folded=WORDS.casefold(), reply_to=n - 3 if n % 5 == 0 and n > 3 else None,
            reactions={"👍": authors[:3]} if n % 4 == 0 else {},
        )
        for n in range(start + 1, min(start + AT_ONCE, COUNT) + 1)
    )  # fmt: skip
Room.objects.filter(pk=room.pk).update(last_seq=COUNT, last_position=COUNT)
print(json.dumps({"room": room.get_absolute_url()}))

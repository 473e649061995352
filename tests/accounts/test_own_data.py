"""What the school knows of a person, told by every app that knows something."""

import uuid
from types import SimpleNamespace
from typing import Any

from django.utils import timezone
from wagtail.models import PageLogEntry

from chat.models import Attachment, Mention, Message, Mute, Room
from learning.accounts.actions import create_token
from learning.accounts.own_data import as_tables, collect
from learning.courses.models import CourseTeacher
from learning.enrollment.actions import change_status
from learning.enrollment.models import (
    BlockCompletion,
    Enrollment,
    Invitation,
    Letter,
    LetterCopy,
    Position,
    StudyGroup,
)
from learning.enrollment.progress import set_done
from learning.enrollment.statuses import Status
from learning.exchange.models import ImportRow, ImportRun
from tests.chat.conftest import say
from tests.tutoring.making import everything_about
from tests.vocabulary.making import everything_about_words


def test_what_every_app_knows_is_told_in_words(small: SimpleNamespace, visit: Any) -> None:
    """A row of every section that a student can have: each column that the page promises is there."""
    change_status(enrollment=small.enrollment, after=Status.PAUSED, actor=small.admin)
    change_status(enrollment=small.enrollment, after=Status.ACTIVE, actor=small.admin)
    small.group = StudyGroup.objects.create(course=small.course, name="Autumn")
    small.group.teachers.add(small.student)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=small.group)
    lesson, room = small.lessons[0], Room.objects.get(group=small.group)
    set_done(enrollment=small.enrollment, lesson=lesson)
    Position.objects.create(user=small.student, course_id=small.course.pk, lesson_id=lesson.pk, block_id=uuid.uuid4())
    BlockCompletion.objects.create(user=small.student, lesson_id=lesson.pk, block_id=uuid.uuid4())
    Invitation.objects.create(course=small.course, email=small.student.email)
    letter = Letter.objects.create(course=small.course, author=small.teacher, words={"en": {"subject": "Hello"}})
    LetterCopy.objects.create(letter=letter, user=small.student, sent_at=timezone.now())
    create_token(user=small.student, name="calendar", scopes=["read"])
    run = ImportRun.objects.create(owner=small.student, filename="people.csv", course=small.course)
    ImportRow.objects.create(run=run, number=1, email=small.student.email, outcome="create", said="Enrolled")
    message = Message.objects.get(seq=say(small.student, room, "I say this").seq)
    Mention.objects.create(message=message, room=room, user=small.student, seq=1)
    Attachment.objects.create(room=room, person=small.student, original_name="notes.txt", size=7)
    Mute.objects.create(room=room, person=small.student, by=small.teacher, reason="Noise", until=timezone.now())
    PageLogEntry.objects.create(
        page=lesson, user=small.student, label="Green", action="wagtail.edit", timestamp=timezone.now()
    )
    CourseTeacher.objects.create(course=small.course, person=small.student)
    everything_about(small.student, small.other_teacher)
    everything_about_words(small.student, small.other_teacher)
    client = visit(small.student)
    data = collect(small.student)
    assert [code for code, value in data.items() if not value] in ([], ["sessions"])  # a session is noted at log-in
    assert next(iter(data)) == "account"
    tables = as_tables(data)
    assert len(tables) == sum(bool(value) for value in data.values())
    for table in tables:
        assert all(len(row) == len(table.headings) for row in table.rows), table.title
    page = client.get("/me/data/read/").content.decode()
    for words in ("I say this", "notes.txt", "Noise", "people.csv", "Enrolled", "calendar", "Hello", "Autumn", "Green"):
        assert words in page, words

"""What a close reading of the chat has found, each once."""

import time
import uuid
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from chat.models import Message, Room
from chat.rooms import actions
from chat.rooms.access import standing_in
from chat.rooms.membership import rooms_of
from chat.rooms.text import as_html
from learning.courses.models import CoursePage
from tests import school
from tests.chat.conftest import say
from tests.chat.test_chat_files import upload


def test_a_stored_message_is_acknowledged_again_though_its_author_was_muted_since(group: SimpleNamespace) -> None:
    nonce = uuid.uuid4()
    first = say(group.student, group.room, "Stored", nonce=nonce)
    actions.mute(
        room=group.room, person=group.student, actor=group.teacher, duration=timedelta(hours=1), reason="Enough"
    )
    assert say(group.student, group.room, "Stored", nonce=nonce) == first


@pytest.mark.parametrize("text", ["ж" + "@" * 9_999, "[" * 10_000, "*a " * 3_333, "> " * 5_000, "`" * 9_999])
def test_no_message_takes_long_to_show(text: str) -> None:
    began = time.process_time()
    as_html(text, names=["Student", "Student Two"])
    assert time.process_time() - began < 1.5


@pytest.mark.parametrize("number", ["000000000001" + "9" * 20, "000000000001" + "9" * 5_000, "99999999999"])
def test_numbers_that_no_key_can_be_are_passed_over(group: SimpleNamespace, visit: Any, number: str) -> None:
    client, address = visit(group.student), group.room.get_absolute_url()
    assert client.get(f"/chat/search/?q=x&room={number}").status_code == 200
    assert client.get(f"{address}?at={number}").status_code == 200
    answer = client.post(address, {"text": "x", "nonce": str(uuid.uuid4()), "reply_to": number})
    assert answer.status_code == 302


def test_the_beginning_of_the_calendar_is_a_day_like_another(group: SimpleNamespace, visit: Any) -> None:
    group.student.time_zone = "Asia/Tokyo"
    group.student.save()
    say(group.teacher, group.room)
    assert visit(group.student).get(f"{group.room.get_absolute_url()}?date=0001-01-01").status_code == 200


def test_a_room_outlives_the_page_of_its_course(group: SimpleNamespace, visit: Any) -> None:
    seq = say(group.student, group.room).seq
    CoursePage.objects.get(pk=group.course.pk).delete()
    moderator = visit(group.moderator)
    assert moderator.get(group.room.get_absolute_url()).status_code == 200
    assert moderator.get("/chat/?all=1").status_code == 200
    assert actions.delete_message(user_id=group.moderator.pk, room_id=group.room.pk, seq=seq)
    assert Message.objects.get().deleted_at is not None


def test_a_closed_account_is_no_teacher_of_the_group(group: SimpleNamespace) -> None:
    helper = school.person("helper", None)
    group.other_group.teachers.add(helper)
    room = Room.objects.get(group=group.other_group)
    assert not standing_in(group.teacher, room).is_member
    helper.is_active = False
    helper.save()
    assert standing_in(group.teacher, room).moderates
    assert room in rooms_of(group.teacher)


def test_a_picture_is_turned_upright_whatever_its_camera_has_noted(group: SimpleNamespace, visit: Any) -> None:
    picture = Image.new("RGB", (80, 40), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0
    buffer = BytesIO()
    picture.save(buffer, "JPEG", exif=exif)
    facts = upload(visit(group.student), group.room, "a.jpg", buffer.getvalue()).json()
    assert (facts["width"], facts["height"]) == (40, 80)


def test_muting_tells_nobody_who_there_is(group: SimpleNamespace, visit: Any) -> None:
    client, address = visit(group.student), f"/api/v1/chat/rooms/{group.room.pk}/mutes"
    wish = {"minutes": 5, "reason": "x"}
    answers = [
        client.post(address, {**wish, "user": pk}, content_type="application/json").json()
        for pk in (group.classmate.pk, 999_999)
    ]
    assert answers[0] == answers[1]


def test_muting_does_not_tell_which_accounts_there_are(group: SimpleNamespace, visit: Any) -> None:
    """Someone who is not in the room, and an account that does not exist: one answer (promise 5)."""
    client, address = visit(group.teacher), f"/api/v1/chat/rooms/{group.room.pk}/mutes"
    page = f"/chat/{group.room.pk}/mute/"
    answers, said, lifted = [], [], []
    for pk in (group.stranger.pk, 10**9):
        body = {"user": pk, "minutes": 5, "reason": "Noise"}
        answer = client.post(address, body, content_type="application/json")
        answers.append((answer.status_code, answer.json()["detail"]))
        lifted.append(client.delete(f"{address}/{pk}").status_code)
        found = client.post(page, {"person": pk, "minutes": 5, "reason": "Noise"}, follow=True)
        said.append((found.status_code, [str(message) for message in found.context["messages"]]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 403
    assert lifted[0] == lifted[1]
    assert said[0] == said[1]
    assert said[0][1]

"""Files of messages: taken in with care, handed out at the room's door, gone with their message."""

import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from chat.models import Attachment, Message, Room
from chat.rooms.frames import ChatError
from chat.rooms.posting import Ack, Draft, post_messages
from learning.enrollment.models import Enrollment
from tests import school
from tests.chat.conftest import say, with_group
from tests.conftest import make_small


def upload(client: Any, room: Room, name: str, data: bytes) -> Any:
    return client.post(f"/api/v1/chat/rooms/{room.pk}/files", {"file": SimpleUploadedFile(name, data)})


def test_a_picture_has_a_thumbnail_and_a_door(group: SimpleNamespace, visit: Any) -> None:
    client = visit(group.student)
    facts = upload(client, group.room, "leaf.png", school.png(900, 600)).json()
    assert (facts["kind"], facts["width"], facts["height"]) == ("image", 480, 320)
    # until it is sent it is nobody else's
    assert visit(group.teacher).get(facts["url"]).status_code == 404
    say(group.student, group.room, "", attachments=(facts["id"],))
    for address in (facts["url"], facts["thumbnail"]):
        answer = visit(group.classmate).get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        for who in (None, group.stranger, group.other_teacher, group.editor):
            assert visit(who).get(address).status_code == 404
    stored = Attachment.objects.get()
    assert "leaf" not in stored.file.name
    Enrollment.objects.filter(user=group.classmate).update(status="left")
    assert visit(group.classmate).get(facts["url"]).status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("run.exe", b"MZ", "are not taken"),
        ("page.html", b"<script>", "are not taken"),
        ("leaf.png", b"<svg onload=alert(1)>", "not what its name says"),
        ("leaf.png", b"\x89PNG\r\n\x1a\n" + b"0" * 50, "damaged"),
    ],
)
def test_a_hostile_file_is_refused_with_the_reason(
    group: SimpleNamespace, visit: Any, name: str, data: bytes, said: str
) -> None:
    answer = upload(visit(group.student), group.room, name, data)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert not Attachment.objects.exists()


def test_files_are_limited_in_size_and_in_sum(group: SimpleNamespace, visit: Any, settings: Any) -> None:
    client = visit(group.student)
    settings.CHAT_FILE_MAX_BYTES = 10
    assert upload(client, group.room, "a.txt", b"x" * 11).status_code == 422
    settings.CHAT_QUOTA_BYTES = 15
    assert upload(client, group.room, "a.txt", b"x" * 10).status_code == 200
    assert "take all the space" in upload(client, group.room, "a.txt", b"x" * 10).json()["detail"]


def test_a_message_takes_only_ones_own_files_of_the_same_room(group: SimpleNamespace, visit: Any) -> None:
    facts = upload(visit(group.student), group.room, "a.txt", b"words").json()
    body = {"nonce": str(uuid.uuid4()), "text": "x", "attachments": [facts["id"]]}
    address = f"/api/v1/chat/rooms/{group.room.pk}/messages"
    assert visit(group.classmate).post(address, body, content_type="application/json").status_code == 404
    assert visit(group.student).post(address, body, content_type="application/json").status_code == 200


def test_two_messages_of_one_batch_cannot_carry_the_same_file(group: SimpleNamespace, visit: Any) -> None:
    facts = upload(visit(group.student), group.room, "a.txt", b"words").json()
    drafts = [
        Draft(group.student.pk, group.room.pk, uuid.uuid4(), text, None, (facts["id"],)) for text in ("one", "two")
    ]
    first, second = post_messages(drafts)
    assert isinstance(first, Ack)
    assert isinstance(second, ChatError)
    assert [message.text for message in Message.objects.all()] == ["one"]
    assert Attachment.objects.get().message == Message.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_deleted_message_takes_its_files_along(real_db: None, visit: Any) -> None:
    group = with_group(make_small())
    facts = upload(visit(group.student), group.room, "leaf.png", school.png()).json()
    say(group.student, group.room, "", attachments=(facts["id"],))
    stored = Attachment.objects.get()
    paths = [stored.file.path, stored.thumbnail.path]
    visit(group.student).post(f"{group.room.get_absolute_url()}messages/1/", {"do": "delete"})
    assert not Attachment.objects.exists()
    assert not [path for path in paths if Path(path).exists()]

"""The API's chat says what the socket says."""

import uuid
from types import SimpleNamespace
from typing import Any

from chat.models import Message
from chat.rooms import actions, history
from chat.scopes import CHAT
from learning.accounts.actions import create_token
from learning.enrollment.scopes import READ
from tests import school
from tests.chat.conftest import say


def test_the_same_frames_as_over_the_socket(group: SimpleNamespace, visit: Any) -> None:
    say(group.student, group.room, "One **bold** for @Classmate")
    say(group.classmate, group.room, "Two", reply_to=1)
    at = {"room_id": group.room.pk, "seq": 1}
    actions.edit_message(user_id=group.student.pk, text="One", **at)
    actions.react(user_id=group.classmate.pk, emoji="👍", on=True, **at)
    actions.pin(user_id=group.teacher.pk, on=True, **at)
    actions.delete_message(user_id=group.classmate.pk, room_id=group.room.pk, seq=2)
    expected = history.missed(group.room, 0).frames
    client = visit(group.teacher)
    found = client.get(f"/api/v1/chat/rooms/{group.room.pk}/messages").json()
    for mine, theirs in zip(expected, found["items"], strict=True):
        for moment in ("at", "edited"):
            assert (moment in mine) == (moment in theirs)
            mine.pop(moment, None)
            theirs.pop(moment, None)
        assert mine == theirs
    assert (found["position"], found["more"]) == (6, False)
    part = client.get(f"/api/v1/chat/rooms/{group.room.pk}/messages?after=2&limit=2").json()
    assert [frame["type"] for frame in part["items"]] == ["edited", "reacted"]
    assert (part["position"], part["more"]) == (4, True)
    leaf = client.get(f"/api/v1/chat/rooms/{group.room.pk}/history").json()
    assert [frame["seq"] for frame in leaf["items"]] == [1, 2]
    assert leaf["items"][0]["pinned"] is True
    assert client.get("/api/v1/chat/search?q=one").json()["items"][0]["text"] == "One"


def test_posting_editing_reading_and_deleting(group: SimpleNamespace, visit: Any) -> None:
    client, base = visit(group.student), f"/api/v1/chat/rooms/{group.room.pk}"

    def ask(method: str, path: str, **body: Any) -> Any:
        return getattr(client, method)(f"{base}{path}", body, content_type="application/json")

    nonce = str(uuid.uuid4())
    first = ask("post", "/messages", nonce=nonce, text="Frist").json()
    assert first == {"room": group.room.pk, "nonce": nonce, "seq": 1, "position": 1}
    assert ask("post", "/messages", nonce=nonce, text="Again").json() == first
    assert ask("patch", "/messages/1", text="First").json() == {"position": 2}
    assert ask("put", "/messages/1/reactions", emoji="🎉", on=True).json() == {"position": 3}
    assert ask("put", "/messages/1/pin", on=True).status_code == 403
    assert ask("put", "/read", seq=9).json() == {"seq": 1}
    assert ask("put", "/silence", on=True).json() == {"on": True}
    assert ask("delete", "/messages/1").json() == {"position": 4}
    assert Message.objects.get().text == ""
    seat = client.get(base).json()
    assert (seat["name"], seat["silenced"], seat["moderates"], seat["position"]) == ("Autumn", True, False, 4)
    [room] = client.get("/api/v1/chat/rooms").json()["items"]
    assert (room["id"], room["unread"], room["seq"]) == (group.room.pk, 0, 1)


def test_refusals_have_their_status_and_say_when_to_come_again(
    group: SimpleNamespace, visit: Any, settings: Any
) -> None:
    client, address = visit(group.student), f"/api/v1/chat/rooms/{group.room.pk}/messages"

    def post(**body: Any) -> Any:
        return client.post(address, body, content_type="application/json")

    assert post(text="x" * 10_001).json()["code"] == "too_long"
    assert post(text="").status_code == 422
    assert post(text="x", nonce="no").status_code == 422
    settings.CHAT_PER_SECOND, settings.CHAT_BURST = 1, 1
    assert post(text="One").status_code == 200
    slow = post(text="Two")
    assert (slow.status_code, slow.json()["code"], slow.headers["Retry-After"]) == (429, "rate_limited", "1")


def test_others_and_visitors_find_nothing(group: SimpleNamespace, visit: Any) -> None:
    say(group.student, group.room, "Between us")
    base = f"/api/v1/chat/rooms/{group.room.pk}"
    for path in ("", "/messages", "/history", "/people?q=s"):
        assert visit().get(f"{base}{path}").status_code == 401
        for who in (group.stranger, group.other_teacher, group.editor):
            assert visit(who).get(f"{base}{path}").status_code == 404
    assert visit(group.stranger).get("/api/v1/chat/search?q=between").json()["items"] == []


def test_a_token_needs_the_scope(group: SimpleNamespace, visit: Any) -> None:
    reads = create_token(user=group.student, name="r", scopes=[READ.code])
    chats = create_token(user=group.student, name="c", scopes=[CHAT.code])
    address = "/api/v1/chat/rooms"
    assert visit().get(address, headers={"Authorization": f"Bearer {reads}"}).status_code == 403
    assert visit().get(address, headers={"Authorization": f"Bearer {chats}"}).status_code == 200


def test_people_are_offered_by_the_beginning_of_a_word(group: SimpleNamespace, visit: Any) -> None:
    someone = school.person("anna", display_name="Анна Каренина")
    enrollment = school.enrolled(someone, group.course)
    enrollment.group = group.group
    enrollment.save()
    client, address = visit(group.student), f"/api/v1/chat/rooms/{group.room.pk}/people"
    for beginning in ("Кар", "кар", "АННА", "анна к"):
        found = client.get(address, {"q": beginning}).json()["items"]
        assert [person["name"] for person in found] == ["Анна Каренина"], beginning
    assert client.get(address, {"q": "нна"}).json()["items"] == []

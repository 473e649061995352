# ruff: noqa: E501  (tables of hostile things)
"""The socket from outside: two Daphnes, PostgreSQL and Redis, and people who mean well."""

import time
import uuid
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.trial import people_of
from tests.chat.conftest import ON_SERVERS
from tests.chat.outside import fill_room, knock, line, post, sql

pytestmark = ON_SERVERS
SURE = 2.4  # seconds: what is promised within two, and the way of the news


# --- who is let in ----------------------------------------------------------------------------


def test_a_socket_opens_for_pages_of_this_site_only(servers: School, crowd: SimpleNamespace) -> None:
    here, port = "http://127.0.0.1", servers.daphnes[0].port
    session = crowd.people[0].session
    assert knock(servers, f"{here}:{port}", session) == 101
    for origin in (None, "null", f"{here}:1", f"{here}", f"https://127.0.0.1:{port}", f"http://evil.example:{port}",
                   f"http://127.0.0.1:{port}@evil.example", "http://127.0.0.1.evil.example", "x", f"{here}:{port}/a"):  # fmt: skip
        assert knock(servers, origin, session) in {400, 403}, origin


def test_a_socket_needs_a_session(servers: School) -> None:
    origin = f"http://127.0.0.1:{servers.daphnes[0].port}"
    for session in ("", "nonsense", "x" * 32, "../../etc", "a" * 5000):
        assert knock(servers, origin, session) == 403


# --- one order, once ---------------------------------------------------------------------------


def test_everyone_hears_everything_once_in_one_order_over_processes_and_http(
    servers: School, crowd: SimpleNamespace
) -> None:
    people, room = crowd.people, crowd.room
    with (
        line(servers, people[0]) as one,
        line(servers, people[2], daphne=1) as two,
        line(servers, people[5], 1) as three,
    ):
        lines = [one, two, three]
        starts = [each.subscribe(room, after=0)["position"] for each in lines]
        nonce = str(uuid.uuid4())
        first = one.send(room, "One", nonce)
        assert one.send(room, "One again", nonce) == first
        assert two.send(room, "One of mine", nonce)["seq"] == first["seq"] + 1  # the nonce is each author's own
        status, said = post(servers, people[5], room, "By HTTP")
        assert (status, said["seq"]) == (200, first["seq"] + 2)
        three.send(room, "Four")
        orders = []
        for each, start in zip(lines, starts, strict=True):
            each.until(lambda frame: frame["type"] == "message" and frame["text"] == "Four")
            texts = [(f["position"], f["text"]) for f in each.heard if f["type"] == "message" and f["position"] > start]
            orders.append(texts)
        assert orders[0] == orders[1] == orders[2]
        assert [text for _position, text in orders[0]] == ["One", "One of mine", "By HTTP", "Four"]


def test_what_was_missed_comes_before_what_comes(servers: School, crowd: SimpleNamespace) -> None:
    people, room = crowd.people, crowd.room
    with line(servers, people[0]) as one:
        one.subscribe(room)
        began = one.send(room, "Mark")["position"]
        one.say(type="edit", room=room, seq=one.send(room, "Frist")["seq"], text="First")
        one.until_type("edited")
        with line(servers, people[2], daphne=1) as two:
            two.say(type="subscribe", room=room, after=began)
            for number in range(30):
                one.send(room, f"Number {number}")
            two.until(lambda frame: frame.get("text") == "Number 29")
            found = [f["position"] for f in two.heard if "position" in f and f["type"] != "subscribed"]
            assert found == list(range(began + 1, began + 33))
            # asking again on the same line gives the same again, in order
            two.heard.clear()
            two.unseen.clear()
            two.say(type="subscribe", room=room, after=began)
            two.until(lambda frame: frame.get("text") == "Number 29")
            again = [f["position"] for f in two.heard if "position" in f and f["type"] != "subscribed"]
            assert again == found


def test_who_catches_up_may_speak_meanwhile_and_ask_anew(servers: School) -> None:
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    room = person.rooms[0]
    fill_room(servers, room, person.pk, 12_000)
    with line(servers, person) as one:
        one.say(type="subscribe", room=room, after=0)
        assert one.send(room, "In the middle of it")["type"] == "ack"
        assert max((frame["position"] for frame in one.heard if frame["type"] == "message"), default=0) < 12_000
        # asked anew for the end, it gives no more of the beginning
        one.say(type="subscribe", room=room, after=11_990)
        one.until(lambda frame: frame["type"] == "message" and frame["position"] == 11_991)
        one.unseen.clear()
        one.until(lambda frame: frame.get("text") == "In the middle of it")
        rest = [frame["position"] for frame in one.heard if frame["type"] == "message"]
        assert rest[-11:] == list(range(11_991, 12_002))


def test_a_room_is_not_forgotten_while_its_first_listener_catches_up(servers: School, crowd: SimpleNamespace) -> None:
    """A history that takes longer to send than a tick, and nobody else in the room of that process."""
    person, room = crowd.people[1], crowd.other_room
    fill_room(servers, room, person.pk, 12_000)
    with line(servers, person) as one, line(servers, crowd.people[5], daphne=1) as two:
        one.say(type="subscribe", room=room, after=0)
        one.until(lambda frame: frame.get("position") == 12000 and frame["type"] == "message", seconds=40)
        one.unseen.clear()
        two.send(room, "News")
        assert one.until_type("message")["text"] == "News"


def test_long_messages_that_were_missed_all_arrive(servers: School) -> None:
    """More than a socket may leave unread at once: catching up waits for its reader."""
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    room = person.rooms[0]
    fill_room(servers, room, person.pk, 200)
    sql(servers, "UPDATE chat_message SET text = repeat('ж', 10000) WHERE room_id = %s", room)
    with line(servers, person) as one:
        one.say(type="subscribe", room=room, after=0)
        time.sleep(1)  # a reader who takes a while
        one.until(lambda frame: frame["type"] == "message" and frame["position"] == 200, seconds=20)
        found = [frame["position"] for frame in one.heard if frame["type"] == "message"]
        assert found == list(range(1, 201))
        assert one.is_alive()


# --- who may no longer hear ----------------------------------------------------------------------


def test_who_is_removed_hears_nothing_after_two_seconds_not_even_in_a_second_tab_without_redis(
    servers: School, crowd: SimpleNamespace
) -> None:
    """The change is made in the database alone: nothing tells the processes of it."""
    person, other, room = crowd.people[2], crowd.people[0], crowd.room
    with line(servers, person) as tab, line(servers, person, daphne=1) as silent, line(servers, other) as speaker:
        for each in (tab, silent, speaker):
            each.subscribe(room)
        servers.redis.kill()
        try:
            sql(servers, "UPDATE enrollment_enrollment SET status = 'removed' WHERE user_id = %s", person.pk)
            began = time.monotonic()
            assert tab.until_type("removed", seconds=SURE)["room"] == room
            assert silent.until_type("removed", seconds=max(0.1, began + SURE - time.monotonic()))["room"] == room
            speaker.send(room, "Between us")
            assert tab.send(room, "I still")["code"] == "not_found"
            assert tab.subscribe(room)["code"] == "not_found"
            assert tab.stays_silent(2, "message")
            assert silent.stays_silent(0.5, "message")
            # the room goes on for the others, if a second later, while Redis is away
            with line(servers, crowd.people[5], daphne=1) as teacher:
                teacher.subscribe(room)
                speaker.send(room, "Without Redis")
                assert teacher.until_type("message", seconds=3)["text"] == "Without Redis"
        finally:
            servers.redis.start()
            sql(servers, "UPDATE enrollment_enrollment SET status = 'active' WHERE user_id = %s", person.pk)


@pytest.mark.parametrize(
    ("query", "undo"),
    [
        ("UPDATE accounts_user SET is_active = false WHERE id = %s", "UPDATE accounts_user SET is_active = true WHERE id = %s"),
        ("UPDATE accounts_user SET password = 'changed' WHERE id = %s", "UPDATE accounts_user SET password = '' WHERE id = %s"),
    ],
    ids=["deactivated", "password changed"],
)  # fmt: skip
def test_the_end_of_an_account_or_a_password_ends_its_sockets(
    servers: School, crowd: SimpleNamespace, query: str, undo: str
) -> None:
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    with line(servers, person) as one, line(servers, person, daphne=1) as two:
        one.subscribe(person.rooms[0])
        sql(servers, query, person.pk)
        for each in (one, two):
            with pytest.raises(ConnectionClosed) as closed:
                each.until_type("nothing", seconds=SURE)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401
    sql(servers, undo, person.pk)


def test_nobody_is_told_that_a_muted_person_types(servers: School, crowd: SimpleNamespace) -> None:
    muted, other, room = crowd.people[2], crowd.people[0], crowd.room
    insert = (
        "INSERT INTO chat_mute (room_id, person_id, reason, at, until)"
        " VALUES (%s, %s, 'Enough', now(), now() + interval '1 hour')"
    )
    with line(servers, muted) as one, line(servers, other) as two:
        one.subscribe(room)
        two.subscribe(room)
        one.say(type="typing", room=room)
        assert two.until_type("typing")["user"] == muted.pk
        sql(servers, insert, room, muted.pk)
        time.sleep(SURE)  # until the next check has found it
        one.say(type="typing", room=room)
        assert two.stays_silent(1, "typing")
        sql(servers, "DELETE FROM chat_mute WHERE person_id = %s", muted.pk)
        time.sleep(SURE)
        one.say(type="typing", room=room)
        assert two.until_type("typing")["user"] == muted.pk


def test_logging_out_ends_the_sockets_of_that_session_only(servers: School, crowd: SimpleNamespace) -> None:
    person, other = crowd.people[3], crowd.people[4]
    with line(servers, person) as one, line(servers, other) as two:
        two.subscribe(crowd.room)
        sql(servers, "DELETE FROM django_session WHERE session_key = %s", person.session)
        with pytest.raises(ConnectionClosed):
            one.until_type("nothing", seconds=SURE)
        assert two.is_alive()


# --- processes and the database end and come back ----------------------------------------------


def test_a_stopped_process_says_so_and_one_comes_again(servers: School, crowd: SimpleNamespace) -> None:
    daphne = servers.daphnes[1]
    with line(servers, crowd.people[0], daphne=1) as one:
        position = one.subscribe(crowd.room)["position"]
        daphne.stop()
        with pytest.raises(ConnectionClosed) as closed:
            one.until_type("nothing")
        daphne.start()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4012
    with line(servers, crowd.people[2]) as other:
        other.send(crowd.room, "Meanwhile")
    with line(servers, crowd.people[0], daphne=1) as again:
        again.subscribe(crowd.room, after=position)
        assert again.until_type("message")["text"] == "Meanwhile"


def test_the_database_away_is_not_a_refusal(servers: School, crowd: SimpleNamespace) -> None:
    person, nonce = crowd.people[0], str(uuid.uuid4())
    with line(servers, person) as one:
        one.subscribe(crowd.room)
        servers.database.crash()
        try:
            answer = one.send(crowd.room, "Later", nonce)
            assert answer["code"] == "unavailable"
            assert post(servers, person, crowd.room, "x")[0] == 503
            with line(servers, person) as two, pytest.raises(ConnectionClosed) as closed:
                two.hear()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4013
        finally:
            servers.database.start()
        deadline = time.monotonic() + 10
        while (answer := one.send(crowd.room, "Later", nonce))["type"] == "error" and time.monotonic() < deadline:
            time.sleep(0.3)
        assert answer["type"] == "ack"

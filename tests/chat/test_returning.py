"""People who come back and catch up, from memory or from the database, by Daphne's inner ways or without them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.trial import people_of
from tests.chat.conftest import ON_SERVERS
from tests.chat.outside import Line, another_daphne, line

pytestmark = ON_SERVERS


@pytest.fixture(scope="module")
def plain(servers: School) -> Iterator[int]:
    """A third Daphne, which writes to its sockets only as ASGI has it; gives its number."""
    with another_daphne(servers, "plain", CHAT_DIRECT_WRITES="0") as number:
        yield number


@pytest.fixture
def room(servers: School) -> SimpleNamespace:
    """A new room with three people."""
    people = people_of(servers, Options(clients=3, rooms=1))
    return SimpleNamespace(people=people, pk=people[0].rooms[0])


def heard(one: Line, last: int) -> list[tuple[str, int]]:
    """Kind and position of all frames with a position, once the last of them has come."""
    one.until(lambda frame: frame.get("position") == last and frame["type"] != "subscribed", seconds=15)
    kinds = ("message", "edited", "deleted", "reacted", "pinned")
    return [(frame["type"], frame["position"]) for frame in one.heard if frame["type"] in kinds]


def say_many(one: Line, room: int, count: int, text: str = "Message") -> None:
    for number in range(count):
        one.send(room, f"{text} {number}")


@pytest.mark.parametrize("direct", [True, False])
def test_who_comes_back_gets_all_that_was_missed_once_in_order(
    servers: School, room: SimpleNamespace, plain: int, direct: bool
) -> None:
    """The room has been quiet, busy, or not followed at all by the process that one comes back to."""
    daphne = 0 if direct else plain
    with ExitStack() as stack:
        writer = stack.enter_context(line(servers, room.people[0], daphne))
        writer.subscribe(room.pk)
        say_many(writer, room.pk, 30)
        for after in (0, 7, 29, 30):
            reader = stack.enter_context(line(servers, room.people[1], daphne))
            reader.subscribe(room.pk, after=after)
            writer.send(room.pk, f"To who has {after}")
            last = 31 + (0, 7, 29, 30).index(after)
            assert heard(reader, last) == [("message", position) for position in range(after + 1, last + 1)]
    time.sleep(2.2)  # nobody follows the room, and it is forgotten
    with line(servers, room.people[2], daphne) as again:
        again.subscribe(room.pk, after=3)
        assert heard(again, 34) == [("message", position) for position in range(4, 35)]


@pytest.mark.parametrize("direct", [True, False])
def test_what_was_deleted_or_edited_meanwhile_is_not_sent_as_it_was(
    servers: School, room: SimpleNamespace, plain: int, direct: bool
) -> None:
    daphne = 0 if direct else plain
    with line(servers, room.people[0], daphne) as writer, line(servers, room.people[1], daphne) as reader:
        writer.subscribe(room.pk)
        ours = [writer.send(room.pk, f"secret-{number}")["seq"] for number in range(4)]
        reader.subscribe(room.pk, after=0)
        assert len(heard(reader, 4)) == 4  # it was sent from memory, so it is there
        writer.say(type="delete", room=room.pk, seq=ours[1])
        writer.say(type="edit", room=room.pk, seq=ours[2], text="Changed")
        writer.until_type("edited")
        writer.say(type="react", room=room.pk, seq=ours[0], emoji="👍")
        writer.until_type("reacted")
        with line(servers, room.people[2], daphne) as late:
            late.subscribe(room.pk, after=0)
            events = [("deleted", 5), ("edited", 6), ("reacted", 7)]
            assert heard(late, 7) == [*(("message", position) for position in range(1, 5)), *events]
            said = str(late.heard)
            assert "secret-0" in said
            assert "secret-1" not in said
            assert "secret-2" not in said
            assert "Changed" in said


def test_a_crowd_that_comes_back_at_once_gets_everything(servers: School) -> None:
    """Fewer than in the benchmark, which measures the time."""
    people = people_of(servers, Options(clients=40, rooms=1))
    room = people[0].rooms[0]
    with line(servers, people[0]) as writer:
        writer.subscribe(room)
        say_many(writer, room, 250)
        with ExitStack() as stack:
            lines = [stack.enter_context(line(servers, person)) for person in people[1:]]
            began = time.monotonic()
            for number, one in enumerate(lines):
                one.say(type="subscribe", room=room, after=number)
            for number, one in enumerate(lines):
                assert heard(one, 250) == [("message", position) for position in range(number + 1, 251)]
            assert time.monotonic() - began < 10


def test_people_are_counted_over_all_processes(servers: School, room: SimpleNamespace) -> None:
    def count_is(one: Line, count: int) -> bool:
        return bool(one.until(lambda frame: frame["type"] == "presence" and frame["count"] == count, seconds=8))

    with line(servers, room.people[0], 0) as one, line(servers, room.people[0], 1) as same:
        one.subscribe(room.pk)
        same.subscribe(room.pk)
        assert count_is(one, 1)
        with line(servers, room.people[1], 1) as two:
            two.subscribe(room.pk)
            assert count_is(one, 2)
            assert count_is(two, 2)
        assert count_is(one, 1)


def test_a_slow_reader_of_a_server_without_direct_writes_gets_all(
    servers: School, room: SimpleNamespace, plain: int
) -> None:
    """What a socket does not read waits with its sender there too: flow control does not depend on direct writes."""
    with line(servers, room.people[0], plain) as writer:
        writer.subscribe(room.pk)
        for number in range(60):
            writer.send(room.pk, f"{number} " + "ж" * 9_000)
        with line(servers, room.people[1], plain) as slow:
            slow.subscribe(room.pk, after=0)
            time.sleep(1.5)
            found: Any = heard(slow, 60)
            assert found == [("message", position) for position in range(1, 61)]
            assert slow.is_alive()

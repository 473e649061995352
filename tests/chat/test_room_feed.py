"""One room as a process follows it, without a server: what a socket hears from the moment when it comes in."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest

from chat.live.admission import Admission
from chat.live.connection import Connection
from chat.live.handshake import Visitor
from chat.live.room_feed import RoomFeed
from chat.live.runtime import FRESH, Runtime
from chat.models import Room
from chat.rooms.publisher import Publisher
from tests.chat.conftest import say, with_group
from tests.conftest import make_small
from tests.school import fresh

LATE = FRESH + 10  # seconds

Scenario = Callable[[SimpleNamespace], Coroutine[Any, Any, None]]


@pytest.fixture
def room(real_db: None) -> Room:
    """A room of three messages."""
    group = with_group(make_small())
    for number in range(3):
        say(group.student, group.room, f"Message {number}")
    return fresh(group.room)


def play(room: Room, scenario: Scenario) -> None:
    """Run the scenario with a feed of this room and one socket that has come in."""

    async def run() -> None:
        heard: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            frame = json.loads(message["text"])
            if "position" in frame:
                heard.append(frame["position"])

        runtime = Runtime()
        feed = RoomFeed(room.pk, room.last_position, runtime, Publisher(runtime.loop))
        one = Connection(Visitor(1, "Student", "en", "key", "hash"), send, Admission(), print)
        one.rooms.add(room.pk)
        try:
            await scenario(SimpleNamespace(runtime=runtime, feed=feed, one=one, heard=heard))
        finally:
            one.closed = True
            for pool in (runtime.pool, runtime.check_pool, runtime.writer_pool):
                pool.shutdown()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("after", "told", "expected"), [(None, 2, [3]), (None, 3, []), (0, 3, [1, 2, 3]), (99, 2, [3])]
)
def test_a_socket_hears_all_beyond_what_it_was_told(
    room: Room, after: int | None, told: int, expected: list[int]
) -> None:
    """Also what happened between the reading of the room and the joining of its feed."""

    async def scenario(here: SimpleNamespace) -> None:
        await here.feed.catch_up(here.one, after, told, asyncio.Lock())
        assert here.heard == expected
        assert here.feed.listeners[here.one] == 3

    play(room, scenario)


def test_nothing_is_passed_on_while_the_check_is_late(room: Room) -> None:
    """Neither to who catches up nor, from the database, to who listens."""

    async def scenario(here: SimpleNamespace) -> None:
        here.runtime.checked_at = monotonic() - LATE
        catching_up = asyncio.create_task(here.feed.catch_up(here.one, 0, 3, asyncio.Lock()))
        await asyncio.sleep(0.3)
        assert here.heard == []
        here.runtime.checked_at = monotonic()
        await asyncio.wait_for(catching_up, 5)
        assert here.heard == [1, 2, 3]
        here.feed.position = 1
        here.feed.listeners[here.one] = 1
        here.runtime.checked_at = monotonic() - LATE
        await here.feed.pass_on_unread()
        assert here.heard == [1, 2, 3]
        here.runtime.checked_at = monotonic()
        await here.feed.pass_on_unread()
        assert here.heard == [1, 2, 3, 2, 3]

    play(room, scenario)


def test_who_is_shown_out_while_catching_up_hears_no_more(room: Room) -> None:
    async def scenario(here: SimpleNamespace) -> None:
        here.runtime.checked_at = monotonic() - LATE
        catching_up = asyncio.create_task(here.feed.catch_up(here.one, 0, 3, asyncio.Lock()))
        await asyncio.sleep(0.15)
        here.one.rooms.discard(room.pk)
        here.runtime.checked_at = monotonic()
        await asyncio.wait_for(catching_up, 5)
        assert (here.heard, here.feed.listeners) == ([], {})

    play(room, scenario)

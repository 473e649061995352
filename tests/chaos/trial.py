"""One trial: people write, servers fail, and what everyone saw is compared with the database."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg
from psycopg.rows import class_row

from tests.chaos import plan
from tests.chaos.client import Client, Person
from tests.chaos.plan import Deed, Fault, Options
from tests.chaos.report import Report, Stored, Suffered, compare
from tests.chaos.servers import School, manage, school

COMPLETE = 60.0  # seconds after the last message: longer than the silence after which a client asks again
MESSAGES = "SELECT room_id AS room, seq, position, author_id AS author, text, nonce::text AS nonce FROM chat_message"
MESSAGES += " WHERE room_id = ANY(%s)"


def run(options: Options) -> Report:
    """The whole trial, on servers of its own."""
    began = time.monotonic()
    with school(options.logs) as servers:
        report = run_on(servers, options)
    report.seconds["all"] = time.monotonic() - began
    return report


def run_on(servers: School, options: Options) -> Report:
    """The trial on servers that are there already; people and rooms are new ones."""
    began = time.monotonic()
    people = people_of(servers, options)
    servers.wait()
    set_up = time.monotonic() - began
    report = asyncio.run(_trial(options, servers, people))
    report.seconds = {"set-up": set_up, **report.seconds}
    return report


def people_of(servers: School, options: Options) -> list[Person]:
    env = {**servers.env, "CHAOS_CLIENTS": str(options.clients), "CHAOS_ROOMS": str(options.rooms)}
    output = manage(env, "shell", "-v0", "-c", "import tests.chaos.prepare")
    return [Person(**one) for one in json.loads(output.strip().splitlines()[-1])]


async def _trial(options: Options, servers: School, people: Sequence[Person]) -> Report:
    with ThreadPoolExecutor(16) as pool:
        ports = [daphne.port for daphne in servers.daphnes]
        clients = [
            Client(person, ports, servers.web.port, pool, options.seed * 1000 + number)
            for number, person in enumerate(people)
        ]
        rooms = sorted({room for person in people for room in person.rooms})
        deeds = plan.deeds(options, [person.rooms for person in people])
        return await drive(
            clients, deeds, plan.faults(options), servers.suffer, partial(_stored, servers.database.url, rooms)
        )


def _stored(url: str, rooms: list[int]) -> list[Stored]:
    with psycopg.connect(url) as connection, connection.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(MESSAGES, (rooms,)).fetchall()


async def drive(
    clients: Sequence[Client],
    deeds: Sequence[Deed],
    faults: Sequence[Fault],
    suffer: Callable[[Fault], str],
    stored: Callable[[], list[Stored]],
) -> Report:
    """Let the clients write and the servers suffer, wait until everyone has everything, and compare."""
    started = time.monotonic()
    async with _alive(clients):
        done, _ = await asyncio.gather(_suffer_all(faults, suffer, started), _write_all(clients, deeds, started))
        written = time.monotonic()
        await _until(lambda: not any(client.unacked or client.posts for client in clients))
        rows = await asyncio.to_thread(stored)
        await _until(lambda: _is_complete(clients, rows))
        finished = time.monotonic()
    report = compare(clients, rows, done)
    report.faults = [_line(fault, started) for fault in done]
    report.seconds = {"of writing": written - started, "until everyone had everything": finished - written}
    return report


@contextlib.asynccontextmanager
async def _alive(clients: Sequence[Client]) -> AsyncIterator[None]:
    lives = [asyncio.create_task(client.live()) for client in clients]
    try:
        yield
    finally:
        tasks = [*lives, *(task for client in clients for task in client.posts)]
        broken = [task for task in lives if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in broken:
            task.result()  # a client never ends by itself: raise what ended it


async def _write_all(clients: Sequence[Client], deeds: Sequence[Deed], started: float) -> None:
    for deed in deeds:
        await asyncio.sleep(max(0.0, started + deed.at - time.monotonic()))
        await clients[deed.client].say(deed.room, deed.text, deed.way)


async def _suffer_all(faults: Sequence[Fault], suffer: Callable[[Fault], str], started: float) -> list[Suffered]:
    """One after the other; a fault waits until the one before is mended."""
    done = []
    for fault in faults:
        await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
        begun = time.monotonic()
        words = await asyncio.to_thread(suffer, fault)
        done.append(Suffered(begun, time.monotonic(), words))
        print(_line(done[-1], started), flush=True)
    return done


def _line(fault: Suffered, started: float) -> str:
    return f"at {fault.began - started:5.1f} s, back after {fault.ended - fault.began:4.1f} s: {fault.words}"


async def _until(is_reached: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: what is missing then is in the report."""
    deadline = time.monotonic() + COMPLETE
    while not is_reached() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


def _is_complete(clients: Sequence[Client], rows: Sequence[Stored]) -> bool:
    ends: dict[int, int] = {}
    for row in rows:
        ends[row.room] = max(row.position, ends.get(row.room, 0))
    return all(feed.last >= ends.get(room, 0) for client in clients for room, feed in client.feeds.items())

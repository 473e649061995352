"""What it costs to come in, and how long it takes until a crowd that comes back has everything.

Join: CPU of the server for one person who opens a socket and enters a room, the database included.
Return: everyone in a room of 500 is away for 200 messages, then all come back at once.
"""

import asyncio
import time

from tests.benchmarks.chat.base import ROUNDS, Bench, crowd_of, line, progress, table
from tests.benchmarks.chat.load import Crowd
from tests.benchmarks.chat.servers import TITLES, Server, cpu_of
from tests.benchmarks.chat.shape import SHAPES

MISSED = 200  # messages
PATIENCE = 60  # seconds until those who have not got everything count as lost
ASKED_FOR = ("ours",)  # servers that keep what is missed


async def measure(bench: Bench) -> None:
    with bench.running() as servers:
        joining = {name: server for name, server in servers.items() if name not in {"raw", "socketio"}}
        for name, server in joining.items():  # warm up
            await join(bench, server, f"{name}, first")
        for _round in range(ROUNDS):
            for name, server in joining.items():
                await join(bench, server, name)
            for name in ASKED_FOR:
                if name in servers:
                    for missed in (0, MISSED):
                        await come_back(bench, servers[name], missed)


async def join(bench: Bench, server: Server, row: str) -> None:
    before = server.cpu(), cpu_of(bench.postgres)
    rooms, clients = bench.facts[server.name]["many"], SHAPES["many"][1]
    async with crowd_of([server], rooms, clients) as crowd:
        after = server.cpu(), cpu_of(bench.postgres)
        own, database = (1000 * (late - early) / len(crowd.clients) for early, late in zip(before, after, strict=True))
    bench.note("join", row, own=own, database=database)
    progress(f"{row}: {own:.2f} ms for a join, {database:.2f} of PostgreSQL")


async def come_back(bench: Bench, server: Server, missed: int) -> None:
    rooms, clients = bench.facts[server.name]["crowd"], SHAPES["crowd"][1]
    async with crowd_of([server], rooms, clients) as crowd:
        writer, readers = crowd.clients[0], crowd.clients[1:]
        for client in readers:
            client.transport.abort()
        await asyncio.sleep(1)
        crowd.reset()
        for number in range(missed):
            crowd.sent.append(time.perf_counter())
            writer.say(crowd.first + number)
        while len(crowd.acked) < missed:
            await asyncio.sleep(0.05)
        began, before = time.perf_counter(), server.cpu()
        await crowd.connect(readers)
        await crowd.join(readers)
        took, lost = await everything_has_come(crowd, missed, began)
        label = "after nothing" if not missed else f"after {missed} messages"
        bench.note("return", label, took=took, lost=lost, cpu=server.cpu() - before)
        progress(f"{len(readers)} come back {label}: {took:.2f} s, {lost} lost")


async def everything_has_come(crowd: Crowd, missed: int, began: float) -> tuple[float, int]:
    """Seconds until all readers have all that they missed, and how many deliveries did not come."""
    expected = missed * len(crowd.clients)
    while len(crowd.times) < expected and time.perf_counter() - began < PATIENCE:
        await asyncio.sleep(0.02)
    return time.perf_counter() - began, expected - len(crowd.times)


def report(bench: Bench) -> None:
    print(f"\n### Coming in: {ROUNDS} rounds, medians\n")
    table("server | CPU ms of one join | of PostgreSQL")
    for row in [row for row in bench.samples if row[0] == "join" and "first" not in row[1]]:
        line([TITLES[row[1]], *(f"{bench.middle(row, column):.2f}" for column in ("own", "database"))])
    print()
    table(f"{SHAPES['crowd'][1] - 1} people come back at once | seconds until all have everything | CPU s | lost")
    for row in [row for row in bench.samples if row[0] == "return"]:
        columns = (bench.middle(row, column) for column in ("took", "cpu", "lost"))
        line([row[1], *(f"{value:.2f}" for value in columns)])

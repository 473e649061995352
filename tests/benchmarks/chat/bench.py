"""Runs everything and prints the tables. What is chosen by the environment:

CHAT_SERVERS, CHAT_PARTS, CHAT_ROUNDS, CHAT_SECONDS (of each run) and CHAT_IDLE (seconds of silence).
"""

import asyncio
import gc
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg

from tests.bench import listening_pid
from tests.benchmarks.chat import coming
from tests.benchmarks.chat.base import ROUNDS, Bench, crowd_of, line, progress, table
from tests.benchmarks.chat.load import SIZE, Crowd, Step
from tests.benchmarks.chat.servers import TITLES, Place, Server, cpu_of, prepared, restartable_redis, started
from tests.benchmarks.chat.shape import SHAPES, RoomFacts
from tests.services import postgres, redis

SECONDS = float(os.environ.get("CHAT_SECONDS", "6"))
IDLE = float(os.environ.get("CHAT_IDLE", "40"))
PARTS = os.environ.get("CHAT_PARTS", "fanout coming burst idle").split()
SERVERS = os.environ.get("CHAT_SERVERS", " ".join(TITLES)).split()
MODERATE = 1000  # deliveries a second at which CPU is measured
LIMIT = 250  # milliseconds: the p95 that counts as keeping up
STEP = 1.25  # from one rate to the next
LOWEST = 2  # messages a second
LEAST = 5  # µs of CPU: less cannot be told from none
BURST = (500, 2)  # messages a second, seconds
FEW, MANY = 500, 2000  # idle connections
PEOPLE = 20  # whose connections those are

Meanwhile = Callable[[], Coroutine[Any, Any, None]]


# --- fan-out --------------------------------------------------------------------------------


async def fanout(bench: Bench) -> None:
    with bench.running() as servers:
        for _round in range(ROUNDS):
            for shape in ("one", "many"):
                for name, server in servers.items():
                    await fanout_of(bench, server, shape, bench.facts[name][shape])


async def fanout_of(bench: Bench, server: Server, shape: str, rooms: list[RoomFacts]) -> None:
    clients = SHAPES[shape][1]
    progress(f"{server.name}, {len(rooms)} × {clients}")
    async with crowd_of([server], rooms, clients) as crowd:
        await crowd.talk(MODERATE / clients, 1)
        before = server.cpu(), cpu_of(bench.postgres), cpu_of(bench.redis)
        step = await crowd.talk(MODERATE / clients, SECONDS, steady=True)
        after = server.cpu(), cpu_of(bench.postgres), cpu_of(bench.redis)
        own, database, cache = (
            1e6 * (late - early) / max(1, step.delivered) for early, late in zip(before, after, strict=True)
        )
        bench.note(server.name, shape, own=own, database=database, cache=cache, all=own + database + cache)
        bench.note(server.name, shape, quiet=step.p95, lost=step.lost)
        last = bench.highest.get((server.name, shape))
        if last:
            best = await climb(crowd, server, rate=last * 0.85, factor=STEP**0.5)
        else:
            best = await climb(crowd, server, rate=0.6e6 / max(own, LEAST) / clients, factor=STEP)
    if best:
        step, own = best
        bench.highest[server.name, shape] = step.sent / step.seconds
        bench.note(server.name, shape, highest=step.per_second, p95=step.p95, own_then=own, client=100 * step.client)


async def climb(crowd: Crowd, server: Server, *, rate: float, factor: float) -> tuple[Step, float] | None:
    """The run with the most deliveries a second that still keeps up, and the server's CPU µs per delivery in it."""
    best: tuple[Step, float] | None = None
    tries = 2  # of each rate: one bad moment of the machine is not the server's
    while rate > LOWEST:
        before = server.cpu()
        step = await crowd.talk(rate, SECONDS)
        progress(f"  {step.per_second:8,.0f} deliveries/s, p95 {step.p95:5.0f} ms, {step.lost} lost")
        if not step.lost and step.p95 <= LIMIT and not step.gave_up:
            if best and step.per_second < best[0].per_second * 1.02:
                return best  # the clients themselves send no faster
            best, tries = (step, 1e6 * (server.cpu() - before) / step.delivered), 2
            rate *= factor
            continue
        tries -= 1
        if best and not tries:
            return best
        if not tries:
            rate, tries = rate / factor, 2
        if crowd.drops:
            await crowd.again()
    return best


def report_fanout(bench: Bench) -> None:
    print(f"\n### Fan-out: {SIZE}-byte messages, {ROUNDS} rounds of {SECONDS:g} s, medians\n")
    print(
        f"CPU µs per delivery at {MODERATE} deliveries a second; the highest with p95 ≤ {LIMIT} ms and nothing lost.\n"
    )
    head = (
        "server | rooms × clients | server's CPU µs | PostgreSQL | Redis | sum | p95 ms | lost | deliveries/s per core"
    )
    table(f"{head} | highest deliveries/s | p95 ms there | server's CPU µs there | clients' CPU % there")
    for shape in ("one", "many"):
        for name in bench.facts:
            row = (name, shape)
            cells = [TITLES[name], "{} × {}".format(*SHAPES[shape])]
            cells += [f"{bench.middle(row, column):.1f}" for column in ("own", "database", "cache", "all")]
            cells += [f"{bench.middle(row, column):.0f}" for column in ("quiet", "lost")]
            cells += [f"{1e6 / bench.middle(row, 'own'):,.0f}", f"{bench.middle(row, 'highest'):,.0f}"]
            cells += [f"{bench.middle(row, 'p95'):.0f}", f"{bench.middle(row, 'own_then'):.1f}"]
            line([*cells, f"{bench.middle(row, 'client'):.0f}"])


# --- burst ----------------------------------------------------------------------------------


async def burst(bench: Bench) -> None:
    with bench.running() as servers:
        for _round in range(ROUNDS):
            for name, server in servers.items():
                await burst_of(bench, name, [server])
            if "ours" in servers:
                with started("ours", bench.place) as second:
                    await burst_of(bench, "ours", [servers["ours"], second], "two processes")
                await burst_over_restart(bench)


async def burst_over_restart(bench: Bench) -> None:
    """Redis, over which the two processes hear of each other, is killed in the middle and comes back at once."""
    with restartable_redis() as cache:
        place = Place(bench.place.folder, bench.place.database, cache.url)

        async def restart() -> None:
            await asyncio.sleep(BURST[1] / 2)
            cache.kill()
            cache.start()

        with started("ours", place) as one, started("ours", place) as other:
            await burst_of(bench, "ours", [one, other], "two processes, Redis restarted", restart)


async def burst_of(
    bench: Bench, name: str, servers: list[Server], label: str = "", meanwhile: Meanwhile | None = None
) -> None:
    async with crowd_of(servers, bench.facts[name]["burst"], SHAPES["burst"][1]) as crowd:
        await crowd.talk(20, 2, steady=True)
        crowd.returning = meanwhile is not None
        other = asyncio.create_task(meanwhile()) if meanwhile else None
        step = await crowd.talk(*BURST, steady=True, asks=name == "ours")
        if other:
            await other
        row = (name, label)
        progress(f"{name} {label}: {step.lost} lost, p95 {step.p95:.0f} ms")
        unacked = step.sent - len(crowd.acked) if name == "ours" else float("nan")
        bench.note(*row, sent=step.sent, lost=step.lost, p95=step.p95, worst=step.worst, unacked=unacked)
        bench.note(*row, p95_ack=step.p95_from_ack, caught_up=step.caught_up, drops=crowd.drops)
        bench.note(*row, gaps=crowd.gaps, refusals=len(crowd.refusals))


def report_burst(bench: Bench) -> None:
    rate, seconds = BURST
    print(f"\n### Burst: {rate} messages a second for {seconds} s into one room of {SHAPES['burst'][1]}\n")
    head = "server | messages | lost deliveries | p95 ms from send | worst | p95 ms from ack | without ack"
    table(f"{head} | came only when asked for in the end | gaps seen | sockets dropped | refusals")
    columns = ("sent", "lost", "p95", "worst", "p95_ack", "unacked", "caught_up", "gaps", "drops", "refusals")
    for row in [row for row in bench.samples if "caught_up" in bench.samples[row]]:
        title = TITLES[row[0]] + (f", {row[1]}" if row[1] else "")
        line([title, *(f"{bench.middle(row, column):.0f}" for column in columns)])


# --- idle -----------------------------------------------------------------------------------


async def idle(bench: Bench) -> None:
    for _round in range(ROUNDS):
        for name in [name for name in bench.facts if name not in {"raw", "socketio"}]:
            with started(name, bench.place) as server:
                await idle_of(bench, server)


async def idle_of(bench: Bench, server: Server) -> None:
    """Sockets of a few people who say nothing. The first few only warm the server up."""
    rooms = [{**room, "sessions": room["sessions"][:1]} for room in bench.facts[server.name]["many"][:PEOPLE]]
    async with crowd_of([server], rooms, 2):  # type: ignore[arg-type]
        pass
    crowd = Crowd(server.kind, [server.port], rooms, MANY // len(rooms))  # type: ignore[arg-type]
    clients = [client for row in zip(*crowd.rooms, strict=True) for client in row]
    empty = server.memory()
    opening = joining = 0.0
    row = ("idle", server.name)
    try:
        for label, group in (("few", clients[:FEW]), ("many", clients[FEW:])):
            opening += await crowd.connect(group)
            joining += await crowd.join(group)
            await asyncio.sleep(1)
            open_now = FEW if label == "few" else MANY
            bench.note(*row, **{label: (server.memory() - empty) / open_now / 1024})
        bench.note(*row, accepted=MANY / opening, joined=MANY / (opening + joining))
        before, since = server.cpu(), time.perf_counter()
        await asyncio.sleep(IDLE)
        bench.note(*row, busy=100 * (server.cpu() - before) / (time.perf_counter() - since))
        alive = [client for client in clients if client.alive]
        had = sum(client.answered for client in alive)
        for client in alive:
            client.ping()
        deadline = time.perf_counter() + 10
        while (answers := sum(client.answered for client in alive) - had) < len(alive):
            if time.perf_counter() > deadline:
                break
            await asyncio.sleep(0.1)
        bench.note(*row, alive=len(alive), answers=answers)
        progress(f"{server.name}: {len(alive)} there, {answers} answers, {MANY / opening:.0f} accepted/s")
    finally:
        await crowd.close()


def report_idle(bench: Bench) -> None:
    print(f"\n### Idle authenticated connections of {PEOPLE} people, one process\n")
    head = f"server | KiB each at {FEW} | KiB each at {MANY} | accepted/s | accepted and in the room/s"
    table(f"{head} | of {MANY} there after {IDLE:g} s | answered a ping | CPU % meanwhile")
    for row in [row for row in bench.samples if row[0] == "idle"]:
        cells = [f"{bench.middle(row, column):.1f}" for column in ("few", "many")]
        cells += [f"{bench.middle(row, column):.0f}" for column in ("accepted", "joined", "alive", "answers")]
        line([TITLES[row[1]], *cells, f"{bench.middle(row, 'busy'):.1f}"])


# --- all of it ------------------------------------------------------------------------------

PARTS_OF = {
    "fanout": (fanout, report_fanout),
    "coming": (coming.measure, coming.report),
    "burst": (burst, report_burst),
    "idle": (idle, report_idle),
}


def report_logs(folder: Path) -> None:
    """What servers complained of."""
    for log in sorted(folder.glob("*.log")):
        errors = [line for line in log.read_text(errors="replace").splitlines() if "Error" in line]
        if errors:
            print(f"\n{log.name}: {len(errors)} lines with errors, the last: {errors[-1][:200]}")


def main() -> None:
    unknown = [*(set(SERVERS) - set(TITLES)), *(set(PARTS) - set(PARTS_OF))]
    if unknown:
        raise SystemExit(f"Unknown in CHAT_SERVERS or CHAT_PARTS: {' '.join(unknown)}")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))
    gc.disable()
    folder = Path(tempfile.mkdtemp(prefix="parta-chat-"))
    try:
        with postgres(shared_buffers="256MB") as database, redis() as cache:
            with psycopg.connect(database, autocommit=True) as connection:
                for name in ("parta", "stock"):
                    connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
            place = Place(folder, database.rsplit("/", 1)[0], cache)
            bench = Bench(place, prepared(SERVERS, place), listening_pid(database), listening_pid(cache))
            for part in PARTS:
                measure, report = PARTS_OF[part]
                asyncio.run(measure(bench))
                report(bench)
                gc.collect()
            report_logs(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

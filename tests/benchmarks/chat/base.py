"""What the parts of the benchmark share: the servers under comparison, their clients, the tables."""

import asyncio
import contextlib
import gc
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from tests.benchmarks.chat.load import Crowd
from tests.benchmarks.chat.servers import Place, Server, started
from tests.benchmarks.chat.shape import Facts, RoomFacts

ROUNDS = int(os.environ.get("CHAT_ROUNDS", "3"))
REST = 2  # seconds after everyone has come in

Samples = dict[tuple[str, ...], dict[str, list[float]]]  # by row, then by column


@dataclass
class Bench:
    """The servers under comparison and what was measured of them."""

    place: Place
    facts: dict[str, Facts]
    postgres: int  # process ids
    redis: int
    samples: Samples = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    highest: dict[tuple[str, str], float] = field(default_factory=dict)  # messages a second, as last found

    def note(self, *row: str, **values: float) -> None:
        for column, value in values.items():
            self.samples[row][column].append(value)

    def middle(self, row: tuple[str, ...], column: str) -> float:
        values = self.samples[row].get(column)
        return statistics.median(values) if values else float("nan")

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, Server]]:
        """One process of each server."""
        with contextlib.ExitStack() as stack:
            yield {name: stack.enter_context(started(name, self.place)) for name in self.facts}


@contextlib.asynccontextmanager
async def crowd_of(servers: list[Server], rooms: list[RoomFacts], clients: int) -> AsyncIterator[Crowd]:
    """Clients in their rooms, gone afterwards."""
    crowd = Crowd(servers[0].kind, [server.port for server in servers], rooms, clients)
    try:
        await crowd.connect()
        await crowd.join()
        await asyncio.sleep(REST)
        yield crowd
    finally:
        await crowd.close()
        gc.collect()


def progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def table(head: str) -> None:
    line(head.split(" | "))
    line(["---"] * (head.count(" | ") + 1))


def line(cells: list[str]) -> None:
    print("|", " | ".join(cells).replace("nan", "–"), "|")

"""What happens when in a trial: every message, and every fault, from one seed."""

import enum
import itertools
import random
from dataclasses import dataclass

FAULT_EVERY = 5.5  # seconds between two faults, unless the messages need longer
RATE = 60  # messages a second, all people together
CALM = 3.0  # seconds before the end without a new fault
WORDS = ["корень", "feuille", "stem", "🌱", "<b>bold</b>", '"quoted"', "l'été", "&amp;", "{x}", "two\nlines"]


class Way(enum.Enum):
    """How a message is sent."""

    SOCKET = "socket"
    TWICE = "twice"  # the same nonce two times over the socket
    HTTP = "http"
    BOTH = "both"  # the same nonce over the socket and over HTTP at once
    BREAK = "break"  # and the connection is broken off before an answer can come


WEIGHTS = {Way.SOCKET: 74, Way.TWICE: 8, Way.HTTP: 10, Way.BOTH: 4, Way.BREAK: 4}


class Kind(enum.Enum):
    """What is done to the servers."""

    DAPHNE_KILLED = "Daphne killed"
    DAPHNE_STOPPED = "Daphne stopped"
    REDIS_KILLED = "Redis killed"
    POSTGRES_CRASHED = "PostgreSQL crashed"
    GUNICORN_RELOADED = "gunicorn reloaded"


@dataclass(frozen=True)
class Options:
    messages: int = 2000
    faults: int = 6
    seconds: float | None = None  # of writing; None: as long as the messages and faults need
    clients: int = 24
    rooms: int = 4
    seed: int = 1
    logs: str | None = None  # a folder that keeps what the servers wrote

    @property
    def length(self) -> float:
        return self.seconds or max(self.faults * FAULT_EVERY, self.messages / RATE, 2 * CALM)


@dataclass(frozen=True)
class Deed:
    """One message to be sent."""

    at: float  # seconds from the start
    client: int
    room: int
    way: Way
    text: str


@dataclass(frozen=True)
class Fault:
    at: float  # seconds from the start
    kind: Kind
    which: int  # of the two Daphnes
    down: float  # seconds until it is started again


def deeds(options: Options, rooms_of: list[list[int]]) -> list[Deed]:
    """All messages in order of time; `rooms_of` has the rooms of each client."""
    dice = random.Random(options.seed)  # noqa: S311
    times = sorted(dice.uniform(0, options.length) for _ in range(options.messages))
    ways = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=options.messages)
    made = []
    for number, (at, way) in enumerate(zip(times, ways, strict=True)):
        client = dice.randrange(len(rooms_of))
        text = " ".join([str(number), *dice.choices(WORDS, k=dice.randint(1, 12))])
        made.append(Deed(at, client, dice.choice(rooms_of[client]), way, text))
    return made


def faults(options: Options) -> list[Fault]:
    """Each kind comes once before any comes again."""
    dice = random.Random(options.seed + 1)  # noqa: S311
    kinds = itertools.chain.from_iterable(dice.sample(list(Kind), len(Kind)) for _ in itertools.count())
    slot = (options.length - CALM) / max(options.faults, 1)
    return [
        Fault((number + dice.uniform(0.1, 0.7)) * slot, next(kinds), dice.randrange(2), dice.uniform(0, 1.5))
        for number in range(options.faults)
    ]

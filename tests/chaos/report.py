"""What a trial showed: the clients' memories beside the database."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.client import Client, Shown

CATCH_UP_LIMIT = 5.0  # seconds, for 95 of 100
LONGEST_CATCH_UP = 8.0  # seconds, for each of them
LONGEST_DELAY = 10.0  # seconds from the ack of a message to the last screen, while all servers are up
EXAMPLES = 5


@dataclass(frozen=True)
class Stored:
    """A message in the database."""

    room: int
    seq: int
    position: int
    author: int
    text: str
    nonce: str


@dataclass(frozen=True)
class Suffered:
    """A fault that happened: from the blow until the server answered again, by the monotonic clock."""

    began: float
    ended: float
    words: str


@dataclass
class Report:
    sent: int = 0
    acked: int = 0
    unacked: list[str] = field(default_factory=list)
    stored: int = 0
    shown: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    catch_ups: list[float] = field(default_factory=list)  # seconds
    delays: list[float] = field(default_factory=list)  # from the ack of one to the screen of another; see `seconds_up`
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        broken = self.unacked or self.lost or self.duplicated or self.out_of_order
        longest = max(self.catch_ups, default=0.0)
        in_time = p95(self.catch_ups) <= CATCH_UP_LIMIT and longest <= LONGEST_CATCH_UP
        return not broken and in_time and max(self.delays, default=0.0) <= LONGEST_DELAY

    def __str__(self) -> str:
        lines = ["Faults:", *(f"  {fault}" for fault in self.faults)]
        lines += ["Noted by the clients:", *(f"  {count:6} {note}" for note, count in sorted(self.notes.items()))]
        lines.append("Seconds: " + ", ".join(f"{name} {length:.0f}" for name, length in self.seconds.items()))
        lines.append(f"sent {self.sent}, acked {self.acked}, stored {self.stored}, shown {self.shown}")
        for name in ("unacked", "lost", "duplicated", "out_of_order"):
            found = getattr(self, name)
            lines.append(f"{name.replace('_', ' ')} {len(found)}")
            lines += [f"  {example}" for example in found[:EXAMPLES]]
        lines.append(
            f"catch-up of {len(self.catch_ups)} reconnects: p95 {p95(self.catch_ups):.2f} s"
            f" (limit {CATCH_UP_LIMIT:.0f} s), longest {max(self.catch_ups, default=0.0):.2f} s"
            f" (limit {LONGEST_CATCH_UP:.0f} s)"
        )
        longest = max(self.delays, default=0.0)
        lines.append(
            f"from ack to screen, servers up: p95 {p95(self.delays):.2f} s, longest {longest:.2f} s"
            f" (limit {LONGEST_DELAY:.0f} s)"
        )
        return "\n".join([*lines, "good" if self.is_good else "NOT GOOD"])


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[math.ceil(len(ordered) * 0.95) - 1] if ordered else 0.0


def seconds_up(began: float, ended: float, faults: Sequence[Suffered]) -> float:
    """The seconds between two moments in which no server was down; faults come one after the other."""
    down = sum(max(0.0, min(ended, fault.ended) - max(began, fault.began)) for fault in faults)
    return max(0.0, ended - began - down)


def compare(clients: Sequence[Client], rows: Sequence[Stored], faults: Sequence[Suffered] = ()) -> Report:
    """Count what is lost, duplicated and out of order; the times of the parts are filled in by the trial."""
    report = Report(stored=len(rows))
    rooms: dict[int, list[Stored]] = {room: [] for client in clients for room in client.feeds}
    for row in sorted(rows, key=lambda row: (row.room, row.seq)):
        rooms.setdefault(row.room, []).append(row)
    _judge_storage(report, rooms)
    by_nonce = {row.nonce: row for row in rows}
    acked_at = {nonce: at for client in clients for nonce, at in client.acked_at.items()}
    for client in clients:
        _judge_sending(report, client, by_nonce)
        for room, feed in client.feeds.items():
            _judge_showing(report, f"{client.person.pk} in room {room}", feed.shown, rooms[room])
            here = [event for event in feed.shown if event.nonce in acked_at]
            report.delays += [seconds_up(acked_at[event.nonce], event.at, faults) for event in here]
        report.duplicated += client.conflicts
        report.out_of_order += client.backwards
        report.catch_ups += client.catch_ups
        report.notes += client.notes
        report.notes["connections"] += client.connections
    return report


def _judge_storage(report: Report, rooms: dict[int, list[Stored]]) -> None:
    nonces = Counter(row.nonce for rows in rooms.values() for row in rows)
    report.duplicated += [f"{nonce} is stored {count} times" for nonce, count in nonces.items() if count > 1]
    for room, rows in rooms.items():
        if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
            report.out_of_order.append(f"room {room}: seq is not 1 to {len(rows)}")
        positions = [row.position for row in rows]
        if any(after <= before for before, after in itertools.pairwise(positions)):
            report.out_of_order.append(f"room {room}: position does not grow with seq")


def _judge_sending(report: Report, client: Client, by_nonce: dict[str, Stored]) -> None:
    report.sent += len(client.sent)
    report.acked += len(client.acks)
    report.unacked += [f"{nonce} of {client.person.pk}" for nonce in client.sent if nonce not in client.acks]
    for nonce, (seq, position) in client.acks.items():
        room, text = client.sent[nonce]
        wanted = Stored(room, seq, position, client.person.pk, text, nonce)
        if by_nonce.get(nonce) != wanted:
            report.lost.append(f"acked {wanted}, stored {by_nonce.get(nonce)}")


def _judge_showing(report: Report, who: str, shown: list[Shown], rows: list[Stored]) -> None:
    report.shown += len(shown)
    messages = [event for event in shown if event.nonce]
    stored = {row.position: Shown(row.position, row.seq, row.nonce, row.text) for row in rows}
    seen: defaultdict[int, list[Shown]] = defaultdict(list)
    for event in messages:
        seen[event.position].append(event)
    report.lost += [f"{who} was not shown {row}" for position, row in stored.items() if position not in seen]
    for position, events in seen.items():
        if len(events) > 1:
            report.duplicated.append(f"{who} was shown position {position} {len(events)} times")
        if position not in stored:
            report.lost.append(f"{who} was shown {events[0]}, which is not stored")
        elif events[0] != stored[position]:
            report.out_of_order.append(f"{who} was shown {events[0]} for {stored[position]}")
    nonces = Counter(event.nonce for event in messages)
    report.duplicated += [f"{who} was shown {nonce} {count} times" for nonce, count in nonces.items() if count > 1]
    order = [event.position for event in messages]
    if order != [row.position for row in rows if row.position in seen]:
        report.out_of_order.append(f"{who} was shown another order than the stored one")

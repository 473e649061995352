"""The clients: as much of WebSocket as the benchmark needs, and one class for each kind of server.

A client masks with zeros, which the protocol allows and which costs nothing. Every text that is sent carries a
number after MARK, by which a delivery is known without reading JSON.
"""

import asyncio
import base64
import json
import re
import secrets
import struct
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.chat.shape import RoomFacts

MARK = b"bench-"
TEXT = "bench-{:08d} To whom it may concern: the lesson of tomorrow begins one hour later, at ten, in the same room."
SIZE = 100  # bytes of a message
IN_FLIGHT = 50  # handshakes
TIMEOUT = 120  # seconds for all clients to connect
POSITION = re.compile(rb'"position": ?(\d+)')
AGAIN = 0.3  # seconds until a client that lost its connection or was refused tries again
QUIET = 3  # seconds without a delivery after which the missing ones count as lost
BEHIND = 2  # seconds of deliveries that are missing: the server cannot keep up


def text_of(number: int) -> str:
    return TEXT.format(number)[:SIZE]


def frame_of(payload: bytes, opcode: int = 1) -> bytes:
    """A frame of a client."""
    size = len(payload)
    head = struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else b""
    return (head or struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)) + b"\0\0\0\0" + payload


def as_json(**facts: Any) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode()


@dataclass
class Step:
    """What became of the messages of one run."""

    sent: int
    seconds: float
    expected: int
    delivered: int
    duplicates: int
    latencies: list[float]  # milliseconds from send, sorted
    from_ack: list[float]
    client: float  # share of a core that the clients took
    gave_up: bool  # stopped early: too far behind
    caught_up: int  # deliveries that came only after asking for them

    @property
    def lost(self) -> int:
        return self.expected - self.delivered

    @property
    def per_second(self) -> float:
        return self.expected / self.seconds

    @property
    def p95(self) -> float:
        return share_of(self.latencies, 0.95)

    @property
    def worst(self) -> float:
        return share_of(self.latencies, 1)

    @property
    def p95_from_ack(self) -> float:
        return share_of(self.from_ack, 0.95)


def share_of(values: list[float], share: float) -> float:
    """The value that this share of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Client(asyncio.Protocol):
    """One socket in one room, of the server that hands on what it gets."""

    path = "/{room}"
    last: int | None = None  # position in the room, where the server counts
    opened: asyncio.Future[None]
    joined: asyncio.Future[None]

    def __init__(self, crowd: "Crowd", port: int, room: RoomFacts, place: int) -> None:
        self.crowd, self.port = crowd, port
        self.room, self.session = room["room"], room["sessions"][place % len(room["sessions"])]
        self.seen: set[int] = set()
        self.alive = False
        self.answered = 0  # pings

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        self.opened, self.joined = loop.create_future(), loop.create_future()
        self.rest, self.upgraded = b"", False
        await loop.create_connection(lambda: self, "127.0.0.1", self.port)
        await self.opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        host = f"127.0.0.1:{self.port}"
        lines = [
            f"GET {self.path.format(room=self.room)} HTTP/1.1",
            f"Host: {host}",
            f"Origin: http://{host}",
            f"Cookie: sessionid={self.session}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        transport.write("\r\n".join([*lines, "\r\n"]).encode())  # type: ignore[attr-defined]

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        for future in (self.opened, self.joined):
            if not future.done():
                future.set_exception(ConnectionError(f"{type(self).__name__}: closed before it was ready"))
                future.exception()
        self.crowd.was_lost(self)

    def data_received(self, data: bytes) -> None:
        self.crowd.now = time.perf_counter()
        if self.rest:
            data = self.rest + data
            self.rest = b""
        place = 0
        if not self.upgraded:
            place = data.find(b"\r\n\r\n") + 4
            if place < 4:
                self.rest = data
                return
            if data[9:12] != b"101":
                self.opened.set_exception(ConnectionError(f"{type(self).__name__}: {data[:200]!r}"))
                self.transport.close()
                return
            self.upgraded = self.alive = True
            self.opened.set_result(None)
            self.on_open()
        end = len(data)
        while end - place >= 2:
            start, size = place + 2, data[place + 1]
            if size == 126:
                start += 2
                size = data[place + 2] << 8 | data[place + 3] if end >= start else end
            elif size == 127:
                start += 8
                size = int.from_bytes(data[place + 2 : start]) if end >= start else end
            if start + size > end:
                break
            if data[place] & 15 == 1:
                self.on_text(data, start, start + size)
            else:
                self.on_control(data[place] & 15, data[start : start + size])
            place = start + size
        if place < end:
            self.rest = data[place:]

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        mark = data.find(MARK, start, stop)
        if mark < 0:
            self.on_other(data[start:stop])
        else:
            self.crowd.delivered(self, int(data[mark + 6 : mark + 14]))

    def on_control(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self.transport.write(frame_of(payload, 10))
        elif opcode == 10:
            self.answered += 1
        elif opcode == 8:
            self.transport.close()

    def write(self, payload: bytes) -> None:
        self.transport.write(frame_of(payload))

    # --- what servers differ in -------------------------------------------------------------

    def on_open(self) -> None:
        """The socket is open."""

    def join(self) -> None:
        """Ask to be let into the room, where the server wants to be asked."""

    def on_other(self, payload: bytes) -> None:
        """Whatever is not a message: here, that the client is in the room."""
        self.joined.set_result(None)

    def say(self, number: int) -> None:
        self.write(text_of(number).encode())

    def ping(self) -> None:
        self.transport.write(frame_of(b"", 9))


class Stock(Client):
    """The tutorial of Channels: whoever is connected is in the room."""

    path = "/ws/chat/{room}/"

    def on_open(self) -> None:
        self.joined.set_result(None)

    def say(self, number: int) -> None:
        self.write(as_json(message=text_of(number)))


class SocketIO(Client):
    """Engine.IO 4 over WebSocket alone."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def join(self) -> None:
        self.write(b"40")

    def on_other(self, payload: bytes) -> None:
        if payload == b"2":
            self.write(b"3")
        elif payload.startswith(b"40"):
            self.write(b"42" + json.dumps(["join", self.room]).encode())
        elif payload == b'42["joined"]':
            self.joined.set_result(None)

    def say(self, number: int) -> None:
        self.write(b"42" + json.dumps(["message", self.room, text_of(number)], separators=(",", ":")).encode())


class Ours(Client):
    """Parta's own: keeps its place in the room, and asks again from there when the room goes on without it."""

    path = "/ws/chat/"
    asking = False

    def join(self) -> None:
        self.asking = True
        self.write(as_json(type="subscribe", room=self.room, after=self.last))

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        mark = data.find(MARK, start, stop)
        if mark < 0:
            self.on_other(data[start:stop])
            return
        found = POSITION.search(data, start, stop)
        position = int(found[1]) if found else 0
        if self.last is None or position <= self.last:
            self.crowd.duplicates += 1
        elif position == self.last + 1:
            self.last = position
            self.crowd.delivered(self, int(data[mark + 6 : mark + 14]))
        elif not self.asking:
            self.crowd.gaps += 1
            self.join()

    def on_other(self, payload: bytes) -> None:
        facts = json.loads(payload)
        match facts["type"]:
            case "subscribed":
                self.asking = False
                self.last = facts["position"] if self.last is None else self.last
                if not self.joined.done():
                    self.joined.set_result(None)
            case "ack":
                self.crowd.acknowledged(facts["nonce"])
            case "pong":
                self.answered += 1
            case "error":
                self.crowd.refused(self, facts)

    def say(self, number: int) -> None:
        self.write(as_json(type="send", room=self.room, nonce=f"{self.crowd.mark}-{number:012x}", text=text_of(number)))

    def ping(self) -> None:
        self.write(as_json(type="ping"))


KINDS: dict[str, type[Client]] = {"raw": Client, "stock": Stock, "socketio": SocketIO, "ours": Ours}


class Crowd:
    """Clients in their rooms, and what they have sent and got."""

    def __init__(self, kind: str, ports: list[int], rooms: list[RoomFacts], clients: int) -> None:
        """`clients` is the number in each room; with several ports they are dealt out in turn."""
        self.rooms = [
            [KINDS[kind](self, ports[place % len(ports)], room, place) for place in range(clients)] for room in rooms
        ]
        self.clients = [client for room in self.rooms for client in room]
        self.mark = f"{secrets.randbits(32):08x}-0000-4000-8000"
        self.first = 0  # number of this run's first message
        self.now = 0.0
        self.returning = False  # whether a client that lost its connection comes back
        self.returns: set[asyncio.Task[None]] = set()
        self.sent: list[float] = []
        self.reset()

    def reset(self) -> None:
        self.first += len(self.sent)
        self.sent = []
        self.acked: dict[int, float] = {}
        self.numbers, self.times = array("q"), array("d")
        self.expected = self.duplicates = self.gaps = self.drops = 0
        self.refusals: list[str] = []
        for client in self.clients:
            client.seen.clear()

    # --- coming and going -------------------------------------------------------------------

    async def connect(self, clients: list[Client] | None = None) -> float:
        """Open the sockets, some at a time; returns the seconds it took."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(client: Client) -> None:
            async with gate:
                await client.connect()

        started = time.perf_counter()
        await asyncio.wait_for(asyncio.gather(*map(one, self.clients if clients is None else clients)), TIMEOUT)
        return time.perf_counter() - started

    async def join(self, clients: list[Client] | None = None) -> float:
        """Enter the rooms, as many at a time as there are handshakes; returns the seconds it took."""
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def one(client: Client) -> None:
            async with gate:
                client.join()
                await client.joined

        started = time.perf_counter()
        await asyncio.wait_for(asyncio.gather(*map(one, self.clients if clients is None else clients)), TIMEOUT)
        return time.perf_counter() - started

    async def again(self) -> None:
        """Everyone leaves and comes back."""
        await self.close()
        for client in self.clients:
            client.last = None
        await self.connect()
        await self.join()

    async def close(self) -> None:
        self.returning = False
        for task in self.returns:
            task.cancel()
        for client in self.clients:
            with suppress(AttributeError):
                client.transport.abort()
        await asyncio.sleep(0.5)

    def was_lost(self, client: Client) -> None:
        self.drops += 1
        if self.returning:
            task = asyncio.create_task(self.bring_back(client))
            self.returns.add(task)
            task.add_done_callback(self.returns.discard)

    async def bring_back(self, client: Client) -> None:
        await asyncio.sleep(AGAIN)
        try:
            await client.connect()
            client.join()
        except OSError:
            self.was_lost(client)

    # --- what clients report ----------------------------------------------------------------

    def delivered(self, client: Client, number: int) -> None:
        if number in client.seen:
            self.duplicates += 1
        elif number >= self.first:
            client.seen.add(number)
            self.numbers.append(number)
            self.times.append(self.now)

    def acknowledged(self, nonce: str) -> None:
        self.acked.setdefault(int(nonce[-12:], 16), self.now)

    def refused(self, client: Client, facts: dict[str, Any]) -> None:
        """A message that was refused for now is sent again with its nonce."""
        self.refusals.append(facts["code"])
        if facts.get("nonce"):
            number = int(facts["nonce"][-12:], 16)
            asyncio.get_running_loop().call_later(facts.get("retry_after") or AGAIN, client.say, number)

    # --- talking ----------------------------------------------------------------------------

    def say(self, place: int) -> None:
        room = self.rooms[place % len(self.rooms)]
        client = room[place // len(self.rooms) % len(room)]
        number = self.first + len(self.sent)
        self.sent.append(time.perf_counter())
        self.expected += len(room)
        if client.alive:
            client.say(number)
        elif self.returning:
            asyncio.get_running_loop().call_later(AGAIN, self.say_again, client, number)

    def say_again(self, client: Client, number: int) -> None:
        if client.alive and client.joined.done():
            client.say(number)
        else:
            asyncio.get_running_loop().call_later(AGAIN, self.say_again, client, number)

    async def talk(self, rate: float, seconds: float, *, steady: bool = False, asks: bool = False) -> Step:
        """So many messages a second, over rooms and clients in turn; then wait for what is missing.

        Unless `steady`, a run that has fallen behind stops early. With `asks`, clients that still miss something
        ask for it in the end.
        """
        self.reset()
        count = max(1, round(rate * seconds))
        most = BEHIND * rate * len(self.rooms[0])
        began, busy, gave_up = time.perf_counter(), time.process_time(), False
        while (place := len(self.sent)) < count and not gave_up:
            due = min(count, int((time.perf_counter() - began) * rate) + 1)
            for n in range(place, due):
                self.say(n)
            gave_up = not steady and self.expected - len(self.times) > most
            await asyncio.sleep(max(0.0, began + due / rate - time.perf_counter()))
        took = max(time.perf_counter() - began, len(self.sent) / rate)
        client = (time.process_time() - busy) / took
        await self.settle()
        had = len(self.times)
        if asks and had < self.expected:
            for room in self.rooms:
                for one in room:
                    if one.alive:
                        one.join()
            await self.settle()
        return Step(
            sent=len(self.sent),
            seconds=took,
            expected=self.expected,
            delivered=len(self.times),
            duplicates=self.duplicates,
            latencies=sorted(1000 * latency for latency in self.latencies()),
            from_ack=sorted(
                1000 * (when - self.acked[number])
                for number, when in zip(self.numbers, self.times, strict=True)
                if number in self.acked
            ),
            client=client,
            gave_up=gave_up,
            caught_up=len(self.times) - had,
        )

    async def settle(self) -> None:
        """Wait until everything has come, or until nothing has come for a while."""
        had, since = -1, time.perf_counter()
        while len(self.times) < self.expected and time.perf_counter() - since < QUIET:
            if len(self.times) != had:
                had, since = len(self.times), time.perf_counter()
            await asyncio.sleep(0.02)

    def latencies(self) -> Iterator[float]:
        for number, when in zip(self.numbers, self.times, strict=True):
            yield when - self.sent[number - self.first]

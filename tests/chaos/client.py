"""A client of the chat that keeps the protocol, and remembers all that its person was shown."""

import asyncio
import contextlib
import http.client
import json
import random
import time
import uuid
from collections import Counter
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus
from websockets.typing import Origin

from tests.chaos.plan import Way

EVENTS = {"message", "edited", "deleted", "reacted", "pinned"}
ANSWER = 5.0  # seconds to wait for an answer before asking again
SILENCE = 30.0  # seconds without an event of a room before subscribing again
AWAY = 0.5  # seconds to wait after `unavailable`
TICK = 0.1
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0  # seconds before connecting again
CSRF = "x" * 32  # cookie and header say the same


@dataclass(frozen=True)
class Person:
    pk: int
    session: str
    rooms: list[int]


@dataclass(frozen=True)
class Shown:
    """One event as the person saw it."""

    position: int
    seq: int
    nonce: str
    text: str
    at: float = field(default=0.0, compare=False)


@dataclass
class Unacked:
    """A message of ours that the server has not confirmed."""

    room: int
    text: str
    by_socket: bool
    due: float = 0.0  # when to send it again


@dataclass
class Feed:
    """What has come of one room, and how the present subscription stands."""

    shown: list[Shown] = field(default_factory=list)
    due: float = 0.0  # when to subscribe again
    asking: bool = False  # a subscription is not answered yet
    highest: int = 0  # position since the subscription was answered
    asked_at: float | None = None  # when this connection first subscribed, until it has caught up
    target: int | None = None  # the position to catch up with

    @property
    def last(self) -> int:
        return self.shown[-1].position if self.shown else 0


class Client:
    """One person's open chat: all their rooms over one connection, which it makes again whenever it breaks."""

    def __init__(self, person: Person, sockets: list[int], web: int, pool: Executor, seed: int) -> None:
        self.person = person
        self.sockets, self.web, self.pool = sockets, web, pool
        self.dice = random.Random(seed)  # noqa: S311
        self.port = sockets[seed % len(sockets)]
        self.pause = FIRST_PAUSE
        self.socket: ClientConnection | None = None
        self.connections = 0
        self.feeds = {room: Feed() for room in person.rooms}
        self.sent: dict[str, tuple[int, str]] = {}
        self.unacked: dict[str, Unacked] = {}
        self.acks: dict[str, tuple[int, int]] = {}
        self.acked_at: dict[str, float] = {}
        self.posts: set[asyncio.Task[None]] = set()
        self.catch_ups: list[float] = []
        self.conflicts: list[str] = []  # one position with two contents, one nonce with two acks
        self.backwards: list[str] = []  # events that came after a later one on the same subscription
        self.notes: Counter[str] = Counter()

    # --- the connection -------------------------------------------------------------------

    async def live(self) -> None:
        """Connect and listen until cancelled."""
        while True:
            try:
                await self._connect()
            except InvalidStatus as refusal:
                self.notes[f"handshake answered {refusal.response.status_code}"] += 1
            except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed):
                self.notes["handshake without an answer"] += 1
            await asyncio.sleep(self.pause * self.dice.uniform(0.5, 1))
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
            self.port = self.dice.choice(self.sockets)

    async def _connect(self) -> None:
        host = f"127.0.0.1:{self.port}"
        cookie = {"Cookie": f"sessionid={self.person.session}"}
        async with connect(
            f"ws://{host}/ws/chat/", origin=Origin(f"http://{host}"), additional_headers=cookie, open_timeout=5,
            close_timeout=1, compression=None, proxy=None,
        ) as socket:  # fmt: skip
            self.socket = socket
            self.connections += 1
            ticker = asyncio.create_task(self._tick())
            try:
                await self._talk(socket)
            except ConnectionClosed as closed:
                self.notes[f"closed with {closed.rcvd.code if closed.rcvd else 'no word'}"] += 1
            finally:
                self.socket = None
                ticker.cancel()

    async def _talk(self, socket: ClientConnection) -> None:
        for feed in self.feeds.values():
            feed.asked_at, feed.target = None, None
        for room in self.feeds:
            await self._subscribe(room)
        for message in self.unacked.values():
            message.due = 0.0
        while True:
            await self._receive(json.loads(await socket.recv()))

    async def _tick(self) -> None:
        """Ask again whatever has had no answer in time."""
        while True:
            now = time.monotonic()
            for nonce, message in list(self.unacked.items()):
                if message.by_socket and message.due <= now:
                    await self._send(nonce)
            for room, feed in self.feeds.items():
                if feed.due <= now:
                    await self._subscribe(room)
            await asyncio.sleep(TICK)

    async def _put(self, frame: dict[str, Any]) -> None:
        if self.socket:
            with contextlib.suppress(ConnectionClosed):  # the listener sees it too
                await self.socket.send(json.dumps(frame))

    async def break_off(self) -> None:
        """Without a word, or in good order."""
        if self.socket and self.dice.random() < 0.5:
            self.socket.transport.abort()
        elif self.socket:
            await self.socket.close()

    # --- reading --------------------------------------------------------------------------

    async def _subscribe(self, room: int) -> None:
        feed = self.feeds[room]
        now = time.monotonic()
        feed.asking, feed.due = True, now + ANSWER
        if feed.asked_at is None and feed.target is None and self.connections > 1:
            feed.asked_at = now
        await self._put({"type": "subscribe", "room": room, "after": feed.last})

    async def _receive(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind in EVENTS:
            await self._event(frame)
        elif kind == "subscribed":
            self._subscribed(frame)
        elif kind == "ack":
            self._acked(frame["nonce"], frame["seq"], frame["position"])
        elif kind == "error":
            self._refused(frame)
        elif kind == "removed":
            self.notes["removed from a room"] += 1

    def _subscribed(self, frame: dict[str, Any]) -> None:
        self.pause = FIRST_PAUSE
        feed = self.feeds[frame["room"]]
        if feed.target is not None and feed.last < frame["position"]:
            self.notes["silence or gap that hid events"] += 1
        feed.asking, feed.highest, feed.due = False, 0, time.monotonic() + SILENCE
        if feed.target is None:
            feed.target = frame["position"]
        self._measure(feed)

    async def _event(self, frame: dict[str, Any]) -> None:
        feed, position = self.feeds[frame["room"]], frame["position"]
        event = Shown(position, frame["seq"], frame.get("nonce", ""), frame.get("text", ""), time.monotonic())
        if not feed.asking:
            feed.due = time.monotonic() + SILENCE
        if position <= feed.last:
            self._seen_before(feed, event)
            return
        if position < feed.highest:
            self.backwards.append(f"room {frame['room']}: {position} came after {feed.highest}")
        feed.highest = max(feed.highest, position)
        if position == feed.last + 1:
            feed.shown.append(event)
            self._measure(feed)
        elif not feed.asking:
            self.notes["gap in the positions"] += 1
            await self._subscribe(frame["room"])

    def _seen_before(self, feed: Feed, event: Shown) -> None:
        self.notes["event that was here already"] += 1
        before = feed.shown[event.position - 1]
        if before != event:
            self.conflicts.append(f"position {event.position} was {before} and became {event}")

    def _measure(self, feed: Feed) -> None:
        if feed.asked_at is not None and feed.target is not None and feed.last >= feed.target:
            self.catch_ups.append(time.monotonic() - feed.asked_at)
            feed.asked_at = None

    def _refused(self, frame: dict[str, Any]) -> None:
        code = frame["code"]
        self.notes[f"error {code}"] += 1
        wait = {"unavailable": AWAY, "rate_limited": frame.get("retry_after") or AWAY}.get(code)
        due = time.monotonic() + (wait or ANSWER) * self.dice.uniform(1, 1.5)
        if frame.get("nonce") in self.unacked:
            self.unacked[frame["nonce"]].due = due
        elif frame.get("room") in self.feeds and self.feeds[frame["room"]].asking:
            self.feeds[frame["room"]].due = due

    # --- writing --------------------------------------------------------------------------

    async def say(self, room: int, text: str, way: Way) -> None:
        """Send a message once or twice; the answer is not waited for."""
        nonce = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        self.sent[nonce] = (room, text)
        self.unacked[nonce] = Unacked(room, text, by_socket=way is not Way.HTTP)
        if way in (Way.HTTP, Way.BOTH):
            task = asyncio.create_task(self._post_until_acked(nonce))
            self.posts.add(task)
            task.add_done_callback(self.posts.discard)
        if way is not Way.HTTP:
            await self._send(nonce)
        if way is Way.TWICE:
            await self._send(nonce)
        if way is Way.BREAK:
            await self.break_off()

    async def _send(self, nonce: str) -> None:
        message = self.unacked.get(nonce)
        if message:
            message.due = time.monotonic() + ANSWER
            await self._put({"type": "send", "room": message.room, "nonce": nonce, "text": message.text})

    def _acked(self, nonce: str, seq: int, position: int) -> None:
        self.unacked.pop(nonce, None)
        self.acked_at.setdefault(nonce, time.monotonic())
        if self.acks.setdefault(nonce, (seq, position)) != (seq, position):
            self.conflicts.append(f"{nonce} was acked as {self.acks[nonce]} and as {(seq, position)}")

    async def _post_until_acked(self, nonce: str) -> None:
        loop = asyncio.get_running_loop()
        room, text = self.sent[nonce]
        while True:
            status, answer = await loop.run_in_executor(self.pool, self._post, room, nonce, text)
            if status == 200:
                self._acked(nonce, answer["seq"], answer["position"])
                return
            self.notes[f"HTTP {status}" if status else "HTTP without an answer"] += 1
            await asyncio.sleep(answer.get("retry_after", AWAY) * self.dice.uniform(1, 1.5))

    def _post(self, room: int, nonce: str, text: str) -> tuple[int, dict[str, Any]]:
        """The status and the answer; where it is not ours, how long to wait; 0 where there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=ANSWER)
        headers = {"Content-Type": "application/json", "X-CSRFToken": CSRF}
        headers["Cookie"] = f"sessionid={self.person.session}; csrftoken={CSRF}"
        body = json.dumps({"nonce": nonce, "text": text, "reply_to": None})
        try:
            connection.request("POST", f"/api/v1/chat/rooms/{room}/messages", body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()
        if response.status == 200:
            return 200, json.loads(content)
        usual = ANSWER if response.status < 500 else AWAY
        return response.status, {"retry_after": float(response.headers.get("Retry-After", usual))}

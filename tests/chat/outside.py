"""People outside, who talk to running servers over sockets and HTTP."""

import http.client
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.chaos.servers import School, steady_port


class Line:
    """A person's socket."""

    def __init__(self, ws: ClientConnection) -> None:
        self.ws = ws
        self.heard: list[dict[str, Any]] = []
        self.unseen: list[dict[str, Any]] = []  # what came before something that was waited for

    def say(self, **frame: Any) -> None:
        self.ws.send(json.dumps(frame))

    def hear(self, seconds: float = 5.0) -> dict[str, Any]:
        frame = json.loads(self.ws.recv(timeout=seconds))
        self.heard.append(frame)
        return frame

    def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 5.0) -> dict[str, Any]:
        """The first frame of this kind that nobody has waited for yet."""
        for frame in self.unseen:
            if wanted(frame):
                self.unseen.remove(frame)
                return frame
        deadline = time.monotonic() + seconds
        while True:
            frame = self.hear(max(0.01, deadline - time.monotonic()))
            if wanted(frame):
                return frame
            self.unseen.append(frame)

    def until_type(self, *types: str, seconds: float = 5.0) -> dict[str, Any]:
        return self.until(lambda frame: frame["type"] in types, seconds)

    def subscribe(self, room: int, after: int | None = None) -> dict[str, Any]:
        self.say(type="subscribe", room=room, after=after)
        return self.until_type("subscribed", "error")

    def send(self, room: int, text: str = "Words", nonce: str = "", **more: Any) -> dict[str, Any]:
        nonce = nonce or str(uuid.uuid4())
        self.say(type="send", room=room, nonce=nonce, text=text, **more)
        return self.until(lambda frame: frame["type"] in ("ack", "error") and frame.get("nonce") == nonce)

    def is_alive(self) -> bool:
        self.say(type="ping")
        return self.until_type("pong")["type"] == "pong"

    def stays_silent(self, seconds: float, *types: str) -> bool:
        """Whether nothing of these types comes for so long, if only because the line is closed."""
        try:
            self.until_type(*types, seconds=seconds)
        except (TimeoutError, ConnectionClosed):
            return True
        return False


@contextmanager
def another_daphne(servers: School, name: str, **env: str) -> Iterator[int]:
    """One more Daphne of this school, with other settings; gives its number."""
    model = servers.daphnes[0]
    port = steady_port()
    command = [str(port) if part == str(model.port) else part for part in model.command]
    other = replace(model, name=f"daphne-{name}", port=port, command=command, env={**model.env, **env})
    servers.daphnes.append(other)
    other.start()
    try:
        yield len(servers.daphnes) - 1
    finally:
        servers.daphnes.remove(other)
        other.stop()


@contextmanager
def line(servers: School, person: Any, daphne: int = 0, **headers: str) -> Iterator[Line]:
    port = servers.daphnes[daphne].port
    own = {"Cookie": f"sessionid={person.session}"} | headers
    with connect(
        f"ws://127.0.0.1:{port}/ws/chat/", origin=f"http://127.0.0.1:{port}", additional_headers=own, max_size=None
    ) as ws:
        yield Line(ws)


def knock(servers: School, origin: str | None, session: str) -> int:
    """The HTTP status that a handshake gets; 101 where it is let in."""
    address = f"ws://127.0.0.1:{servers.daphnes[0].port}/ws/chat/"
    headers = {"Cookie": f"sessionid={session}"} if session else {}
    try:
        with connect(address, origin=origin, additional_headers=headers):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def sql(servers: School, query: str, *values: Any) -> None:
    with psycopg.connect(servers.database.url, autocommit=True) as connection:
        connection.execute(query, values)  # type: ignore[arg-type]


def post(servers: School, person: Any, room: int, text: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", servers.web.port, timeout=20)
    token = "t" * 32
    headers = {"Cookie": f"sessionid={person.session}; csrftoken={token}", "X-CSRFToken": token,
               "Content-Type": "application/json", "Host": "127.0.0.1"}  # fmt: skip
    body = json.dumps({"nonce": str(uuid.uuid4()), "text": text})
    connection.request("POST", f"/api/v1/chat/rooms/{room}/messages", body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def fill_room(servers: School, room: int, author: int, count: int) -> None:
    """A long history, made in the database alone."""
    sql(
        servers,
        "INSERT INTO chat_message"
        " (room_id, seq, position, author_id, nonce, text, folded, at, mentions, reactions, files)"
        " SELECT %s, n, n, %s, gen_random_uuid(), 'Long ago **' || n || '**', '', now() - interval '1 hour',"
        " '{}', '{}', '[]'"
        " FROM generate_series(1, %s) n",
        room,
        author,
        count,
    )
    sql(servers, "UPDATE chat_room SET last_seq = %s, last_position = %s WHERE id = %s", count, count, room)

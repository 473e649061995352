"""Someone sends as fast as the network takes it, in frames of every kind: nobody else notices, and memory stays."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.trial import people_of
from tests.chat.conftest import ON_SERVERS
from tests.chat.outside import another_daphne, line

pytestmark = ON_SERVERS
TEXT, CONTINUATION, PING, PONG = 1, 0, 9, 10
SECONDS = 16  # longer than a flood is borne
MOST_MEMORY = 60 * 1024 * 1024  # bytes that a flood may cost


@pytest.fixture(scope="module")
def ordinary(servers: School) -> Iterator[int]:
    """A Daphne with the limits of every day; those of the others are those of the trials by fault."""
    limits = {"CHAT_PER_SECOND": "5", "CHAT_BURST": "20", "CHAT_SOCKETS_PER_PERSON": "40"}
    with another_daphne(servers, "ordinary", **limits) as number:
        yield number


def framed(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame of a client (RFC 6455, section 5.2), masked with noughts."""
    head = bytes([opcode | (0x80 if fin else 0)])
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return head + size + b"\0\0\0\0" + payload


def said(**frame: Any) -> bytes:
    return framed(TEXT, json.dumps(frame).encode())


def opened(servers: School, person: Any, daphne: int) -> socket.socket:
    """A socket of this person, by hand: the libraries for clients are slower than what is tried here."""
    port = servers.daphnes[daphne].port
    one = socket.create_connection(("127.0.0.1", port))
    one.sendall(
        f"GET /ws/chat/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Cookie: sessionid={person.session}\r\n\r\n".encode()
    )
    assert b" 101 " in one.recv(4096)
    one.settimeout(0.5)
    return one


def flood(one: socket.socket, first: bytes, chunk: bytes, ends: list[float]) -> None:
    """Send the chunk over and over, and read nothing, until the socket is closed or the time is over."""
    began = time.monotonic()
    try:
        if first:
            one.sendall(first)
        at = 0
        while time.monotonic() - began < SECONDS:
            try:
                at = (at + one.send(chunk[at:])) % len(chunk)
            except TimeoutError:
                continue
    except OSError:
        ends.append(time.monotonic() - began)
    finally:
        one.close()


@pytest.mark.parametrize("kind", ["read", "subscribe", "typing", "empty parts", "ping", "pong"])
def test_a_flood_of_any_kind_is_cut_off_and_slows_nobody(servers: School, ordinary: int, kind: str) -> None:
    people = people_of(servers, Options(clients=3, rooms=1))
    room = people[0].rooms[0]
    first, chunk = {
        "read": (b"", b"".join(said(type="read", room=room, seq=number + 1) for number in range(1000))),
        "subscribe": (b"", said(type="subscribe", room=room, after=0) * 1000),
        "typing": (said(type="subscribe", room=room), said(type="typing", room=room) * 1000),
        "empty parts": (framed(TEXT, b"{", fin=False), framed(CONTINUATION, b"", fin=False) * 8000),
        "ping": (b"", framed(PING, b"x" * 125) * 400),
        "pong": (b"", framed(PONG, b"") * 8000),
    }[kind]
    daphne = psutil.Process(servers.daphnes[ordinary].process.pid)  # type: ignore[union-attr]
    before = daphne.memory_info().rss
    ends: list[float] = []
    flooding = [
        threading.Thread(target=flood, args=(opened(servers, people[2], ordinary), first, chunk, ends), daemon=True)
        for _socket in range(3)
    ]
    with line(servers, people[0], ordinary) as one, line(servers, people[1], ordinary) as two:
        one.subscribe(room)
        two.subscribe(room)
        for thread in flooding:
            thread.start()
        waits, memory = [], before
        while any(thread.is_alive() for thread in flooding) and len(waits) < 100:
            began = time.monotonic()
            words = f"In the flood {len(waits)}"
            assert one.send(room, words)["type"] == "ack"
            two.until(lambda frame, words=words: frame.get("text") == words)
            waits.append(time.monotonic() - began)
            memory = max(memory, daphne.memory_info().rss)
            time.sleep(0.25)
    for thread in flooding:
        thread.join(SECONDS)
    assert len(ends) == 3, "every socket of the flood is closed"
    assert sorted(waits)[len(waits) // 2] < 1, waits  # other tests run beside this one
    assert memory - before < MOST_MEMORY, (memory - before) // 1024


def test_a_read_full_of_small_frames_is_not_parsed_at_once(servers: School, ordinary: int) -> None:
    """Six thousand frames that come together: parsing and refusing all of them would hold everyone for a second."""
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    one = opened(servers, person, ordinary)
    one.settimeout(4)
    one.sendall(framed(TEXT, b"junk") * 6000)
    heard = b""
    with suppress(TimeoutError, ConnectionError):
        while part := one.recv(65536):
            heard += part
    one.close()
    assert 20 < heard.count(b"bad_frame") < 500


def test_unsent_messages_are_stored_in_order_and_are_no_flood(servers: School, ordinary: int) -> None:
    """Someone was without a line and wrote on. As the page does: one after another, waiting as long as is asked."""
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    room = person.rooms[0]
    with line(servers, person, ordinary) as one:
        one.subscribe(room)
        numbers = []
        for number in range(60):
            nonce = f"00000000-0000-4000-8000-{number:012}"
            while (answer := one.send(room, f"Unsent {number}", nonce))["type"] == "error":
                assert answer["code"] == "rate_limited"
                time.sleep(answer["retry_after"])
            numbers.append(answer["seq"])
        assert numbers == list(range(1, 61))
        assert one.is_alive()


def test_all_unsent_messages_at_once_are_no_flood_either(servers: School, ordinary: int) -> None:
    """What is refused by the pace of messages is not counted a second time as a flood."""
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    room = person.rooms[0]
    with line(servers, person, ordinary) as one:
        one.subscribe(room)
        for number in range(100):
            nonce = f"00000000-0000-4000-8000-{number:012}"
            one.say(type="send", room=room, nonce=nonce, text=f"Unsent {number}")
        answers = [one.until(lambda frame: frame["type"] in ("ack", "error")) for _number in range(100)]
        assert 20 <= sum(answer["type"] == "ack" for answer in answers) < 30
        assert one.is_alive()
        assert one.send(room, "afterwards")["type"] in {"ack", "error"}


def test_who_opens_sockets_without_end_is_shut_out_for_a_while(servers: School, ordinary: int) -> None:
    person = people_of(servers, Options(clients=1, rooms=1))[0]
    refused = 0
    for _number in range(600):
        try:
            opened(servers, person, ordinary).close()
        except AssertionError:
            refused += 1
    assert refused > 100

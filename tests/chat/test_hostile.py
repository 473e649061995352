# ruff: noqa: E501  (tables of hostile things)
"""The socket from outside, and people who mean ill: bad frames, floods, sockets that nobody reads."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import psutil
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.trial import people_of
from tests.chat.conftest import ON_SERVERS
from tests.chat.outside import line

pytestmark = ON_SERVERS

HOSTILE: list[str | bytes] = [
    "", "nonsense", "null", "[]", "1", '"x"', "{}", '{"type":null}', '{"type":"no"}', '{"type":["send"]}',
    '{"type":"send"}', '{"type":"send","room":1}', '{"type":"send","room":"1","nonce":"x","text":"x"}',
    '{"type":"send","room":1.5,"nonce":"00000000-0000-4000-8000-000000000000","text":"x"}',
    '{"type":"send","room":true,"nonce":"00000000-0000-4000-8000-000000000000","text":"x"}',
    '{"type":"send","room":-1,"nonce":"00000000-0000-4000-8000-000000000000","text":"x"}',
    '{"type":"send","room":99999999999999999999,"nonce":"00000000-0000-4000-8000-000000000000","text":"x"}',
    '{"type":"send","room":1,"nonce":"00000000-0000-4000-8000-000000000000","text":"a\\u0000b"}',
    '{"type":"send","room":1,"nonce":"00000000-0000-4000-8000-000000000000","text":"\\ud800"}',
    '{"type":"send","room":1,"nonce":"00000000-0000-4000-8000-000000000000","text":{"a":1}}',
    '{"type":"send","room":1,"nonce":"00000000-0000-4000-8000-000000000000","text":"x","attachments":[1,1,1,1,1,1,1,1,1,1,1]}',
    '{"type":"subscribe","room":1,"after":-1}', '{"type":"subscribe","room":1,"after":1e400}', '{"type":"read","room":1}',
    '{"type":"react","room":1,"seq":1,"emoji":"<b>"}', '{"type":"edit","room":1,"seq":1,"text":null}',
    "[" * 100_000, '{"a":' * 50_000, '{"type":"ping"', "\x00", "\x00" * 1000, b"", b"\x00\xff", b"{}", b'{"type":"ping"}',
    '{"type":"send","room":1,"text":"' + "x" * 300_000 + '"}', "x" * 900_000, '{"type":"ping","type":"no"}',
]  # fmt: skip


def test_a_bad_frame_gets_an_error_and_the_socket_lives(servers: School, crowd: SimpleNamespace) -> None:
    with line(servers, crowd.people[0]) as one:
        for frame in HOSTILE:
            one.ws.send(frame)
            answer = one.hear()
            assert answer["type"] == "error", frame[:80]
            assert answer["code"] in {"bad_frame", "too_long", "not_found", "rate_limited"}, (frame[:80], answer)
            assert "Traceback" not in answer["detail"]
            time.sleep(0.01)
        assert one.is_alive()
        long = one.send(crowd.room, "x" * 10_001)
        assert (long["code"], "10000" in long["detail"]) == ("too_long", True)
        assert one.send(crowd.room, "ж" * 10_000)["type"] == "ack"
    for daphne in servers.daphnes:
        assert daphne.process is not None
        assert daphne.process.poll() is None
        log = (daphne.logs / f"{daphne.name}.log").read_text()
        assert "Traceback" not in log, log[-2000:]


def test_wrong_ids_tell_nothing(servers: School, crowd: SimpleNamespace) -> None:
    """A room of others and a room that is not there get the same answer."""
    with line(servers, crowd.people[0]) as one:
        for room in (crowd.other_room, 999_999):
            answers = [one.subscribe(room, 0), one.send(room)]
            for frame in (
                {"type": "edit", "seq": 1, "text": "x"}, {"type": "delete", "seq": 1}, {"type": "read", "seq": 1},
                {"type": "react", "seq": 1, "emoji": "👍"}, {"type": "pin", "seq": 1}, {"type": "typing"},
            ):  # fmt: skip
                one.say(room=room, **frame)
                answers.append(one.until_type("error"))
            assert {answer["code"] for answer in answers} == {"not_found"}


def test_nobody_changes_what_is_not_theirs(servers: School, crowd: SimpleNamespace) -> None:
    with line(servers, crowd.people[0]) as one, line(servers, crowd.people[4]) as two:
        seq = one.send(crowd.room, "Mine")["seq"]
        for frame in ({"type": "edit", "text": "Yours"}, {"type": "delete"}, {"type": "pin"}):
            two.say(room=crowd.room, seq=seq, **frame)
            assert two.until_type("error")["code"] == "forbidden"


FLOOD = """
import sys
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

port, session, refused = sys.argv[1], sys.argv[2], 0
while True:
    try:
        with connect(f"ws://127.0.0.1:{port}/ws/chat/", origin=f"http://127.0.0.1:{port}",
                     additional_headers={"Cookie": f"sessionid={session}"}) as ws:
            while True:
                ws.send("junk")
    except InvalidStatus as error:
        refused += 1
        if refused == 1:
            print(error.response.status_code, flush=True)
    except Exception:
        continue
"""


def test_a_flood_is_answered_by_the_door_and_slows_nobody(servers: School, crowd: SimpleNamespace) -> None:
    """Someone sends junk as fast as a process can, and comes again as soon as they are shown out."""
    stranger = people_of(servers, Options(clients=1, rooms=1))[0]
    flooder = subprocess.Popen(
        [sys.executable, "-c", FLOOD, str(servers.daphnes[0].port), stranger.session],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with line(servers, crowd.people[0]) as one, line(servers, crowd.people[2], daphne=1) as two:
            one.subscribe(crowd.room)
            two.subscribe(crowd.room)
            waits = []
            for number in range(20):
                began = time.monotonic()
                assert one.send(crowd.room, f"In the flood {number}")["type"] == "ack"
                two.until(lambda frame, number=number: frame.get("text") == f"In the flood {number}")
                waits.append(time.monotonic() - began)
        assert flooder.stdout is not None
        assert flooder.stdout.readline().strip() == "403"
    finally:
        flooder.kill()
        flooder.wait()
    assert sorted(waits)[-2] < 1, waits


def test_who_does_not_read_slows_nobody(servers: School, crowd: SimpleNamespace) -> None:
    port = servers.daphnes[0].port
    lazy = socket.create_connection(("127.0.0.1", port))
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    lazy.sendall(
        f"GET /ws/chat/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Cookie: sessionid={crowd.people[4].session}\r\n\r\n".encode()
    )
    body = json.dumps({"type": "subscribe", "room": crowd.room}).encode()
    lazy.sendall(bytes([0x81, 0x80 | len(body), 0, 0, 0, 0]) + body)
    time.sleep(0.5)
    with line(servers, crowd.people[0]) as one, line(servers, crowd.people[2]) as two:
        two.subscribe(crowd.room)
        began = time.monotonic()
        for number in range(60):
            one.send(crowd.room, f"{number} " + "x" * 9000)
        two.until(lambda frame: frame.get("text", "").startswith("59 "))
        assert time.monotonic() - began < 8
    lazy.close()


def test_a_flood_of_valid_frames_is_held_and_cut_off(servers: School, crowd: SimpleNamespace) -> None:
    flooder = people_of(servers, Options(clients=1, rooms=1))[0]
    ping = json.dumps({"type": "ping"})
    daphne = psutil.Process(servers.daphnes[0].process.pid)  # type: ignore[union-attr]
    before = daphne.memory_info().rss
    ended = threading.Event()

    def flood() -> None:
        with ExitStack() as stack:
            lines = [stack.enter_context(line(servers, flooder)) for _n in range(3)]
            deadline = time.monotonic() + 25
            try:
                while time.monotonic() < deadline:
                    for each in lines:
                        for _n in range(200):
                            each.ws.send(ping)
            except ConnectionClosed:
                ended.set()

    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    with line(servers, crowd.people[0]) as one, line(servers, crowd.people[2]) as two:
        two.subscribe(crowd.room)
        waits = []
        while thread.is_alive() and len(waits) < 40:
            began = time.monotonic()
            said = f"In the flood of pings {len(waits)}"
            assert one.send(crowd.room, said)["type"] == "ack"
            two.until(lambda frame, said=said: frame.get("text") == said)
            waits.append(time.monotonic() - began)
            time.sleep(0.4)
    thread.join(15)
    assert ended.is_set()
    assert sorted(waits)[len(waits) // 2] < 0.3, waits
    assert daphne.memory_info().rss - before < 100 * 1024 * 1024


def test_a_frame_beyond_a_mebibyte_ends_that_socket_alone(servers: School, crowd: SimpleNamespace) -> None:
    with line(servers, crowd.people[0]) as one, line(servers, crowd.people[2]) as two:
        one.ws.send("x" * 1_200_000)
        with pytest.raises(ConnectionClosed):
            one.hear()
        assert two.is_alive()


def test_other_socket_addresses_are_refused_not_broken(servers: School, crowd: SimpleNamespace) -> None:
    port = servers.daphnes[0].port
    for path in ("/ws/", "/ws/chat", "/ws/other/", "/"):
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{port}{path}", origin=f"http://127.0.0.1:{port}")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403, path


def test_one_person_has_some_tens_of_sockets(settings: SimpleNamespace) -> None:
    assert 20 <= settings.CHAT_SOCKETS_PER_PERSON <= 100


def test_a_crowd_of_idle_sockets_of_one_person_harms_nobody(servers: School, crowd: SimpleNamespace) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(line(servers, crowd.people[4])) for _n in range(300)]
        with line(servers, crowd.people[0]) as one:
            began = time.monotonic()
            assert one.send(crowd.room)["type"] == "ack"
            assert time.monotonic() - began < 1
        assert all(each.is_alive() for each in idle[::30])

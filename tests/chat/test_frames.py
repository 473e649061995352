"""Frames: what comes in is checked, what goes out is the same by both ways."""

import asyncio
import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import fast_lane
from chat.connection import Connection
from chat.fast_lane import Frame
from chat.frames import BadFrameError, Send, read_frame
from chat.handshake import Visitor
from chat.pace import Bucket

SEND = {"type": "send", "room": 1, "nonce": "0b8f6c1e-7c1f-4f57-9d5b-0d9d3f0f2a11", "text": "Words"}


def text_in(raw: bytes) -> str:
    """What a client reads from these bytes, by RFC 6455."""
    assert raw[0] == 0x81
    length, start = raw[1], 2
    if length == 126:
        length, start = struct.unpack("!H", raw[2:4])[0], 4
    elif length == 127:
        length, start = struct.unpack("!Q", raw[2:10])[0], 10
    assert len(raw) == start + length
    return raw[start:].decode()


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_what_the_standard_says(length: int) -> None:
    assert text_in(Frame("x" * length).raw) == "x" * length
    assert text_in(Frame("ж" * length).raw) == "ж" * length


def test_on_another_server_a_frame_goes_the_ordinary_way() -> None:
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    assert fast_lane.protocol_behind(send) is None
    connection = Connection(Visitor(1, "Student", "en", "key", "hash"), send)
    assert not connection.write(Frame("Words"))
    asyncio.run(connection.deliver(Frame("Words")))
    assert told == [{"type": "websocket.send", "text": "Words"}]
    connection.closed = True
    asyncio.run(connection.deliver(Frame("More")))
    assert len(told) == 1


def test_a_socket_that_has_gone_takes_nothing_from_the_others() -> None:
    async def send(message: dict[str, Any]) -> None:
        raise ConnectionResetError

    connection = Connection(Visitor(1, "Student", "en", "key", "hash"), send)
    asyncio.run(connection.send("Words"))
    assert connection.closed


def test_a_good_frame_is_read() -> None:
    frame = read_frame(json.dumps({**SEND, "later": "fields of later versions are passed over"}))
    assert isinstance(frame, Send)
    assert (frame.room, frame.text, frame.reply_to, frame.attachments) == (1, "Words", None, [])


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*SEND, "seq", "after", "on"]), inner),
    )
    | st.fixed_dictionaries({"type": st.sampled_from(["send", "edit", "read", "react", "subscribe"])}).flatmap(
        lambda start: st.dictionaries(
            st.sampled_from(["room", "seq", "nonce", "text", "after"]), st.integers() | st.text() | st.none()
        ).map(lambda rest: {**start, **rest})
    )
)
def test_whatever_comes_is_a_frame_or_a_bad_one(said: Any) -> None:
    code = ""
    try:
        read_frame(json.dumps(said))
    except BadFrameError as bad:
        code = bad.error.code
    assert code in {"", "bad_frame", "too_long"}


def test_a_bad_frame_names_its_nonce_for_the_client_to_match() -> None:
    with pytest.raises(BadFrameError) as caught:
        read_frame(json.dumps({**SEND, "text": 7}))
    assert (caught.value.nonce, caught.value.room) == (SEND["nonce"], 1)
    with pytest.raises(BadFrameError) as caught:
        read_frame(json.dumps({**SEND, "text": 7, "nonce": "x" * 1000, "room": True}))
    assert (caught.value.nonce, caught.value.room) == (None, None)


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(5, 20)
    now, given_out = 100.0, 0
    while not bucket.missing(now):
        bucket.take(now)
        given_out += 1
    assert given_out == 20
    assert bucket.missing(now) == pytest.approx(0.2)
    assert not bucket.missing(now + 0.2)

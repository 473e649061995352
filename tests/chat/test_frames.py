"""Frames: what comes in is checked, what goes out is the same by both ways."""

import asyncio
import json
import struct
from time import monotonic
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.live.admission import FLOOD, MAX_UNSTORED, REFUSED, Admission
from chat.live.connection import Connection
from chat.live.consumers import COSTS
from chat.live.direct_write import SharedFrame, protocol_behind
from chat.live.handshake import Visitor
from chat.live.presence import FORGET, Presence
from chat.live.recent import MAX_FRAMES, MAX_SECONDS, RecentFrames
from chat.rooms.frames import BadFrameError, Send, Subscribe, Watch, read_frame
from chat.rooms.pace import Bucket

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
    assert text_in(SharedFrame("x" * length).raw) == "x" * length
    assert text_in(SharedFrame("ж" * length).raw) == "ж" * length


def test_on_another_server_a_frame_goes_the_ordinary_way() -> None:
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    assert protocol_behind(send) is None
    connection = Connection(Visitor(1, "Student", "en", "key", "hash"), send, Admission(), print)
    assert not connection.write_now(SharedFrame("Words"))
    asyncio.run(connection.deliver(SharedFrame("Words")))
    assert told == [{"type": "websocket.send", "text": "Words"}]
    asyncio.run(connection.deliver_all([SharedFrame("One"), SharedFrame("Two")]))
    assert [message["text"] for message in told] == ["Words", "One", "Two"]
    connection.closed = True
    asyncio.run(connection.deliver(SharedFrame("More")))
    asyncio.run(connection.deliver_all([SharedFrame("More")]))
    assert len(told) == 3


def test_a_socket_that_has_gone_takes_nothing_from_the_others() -> None:
    async def send(message: dict[str, Any]) -> None:
        raise ConnectionResetError

    connection = Connection(Visitor(1, "Student", "en", "key", "hash"), send, Admission(), print)
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


# --- what one person may send ---


@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20)
def test_a_person_may_send_at_the_pace_for_ever() -> None:
    admission, now = Admission(), 100.0
    for step in range(5000):
        assert admission.arrived(100, now + step / 45) == 0
    assert not admission.is_flood(now + 5000 / 45)


def send_for(seconds: float, per_second: int, *, more: bool = False, size: int = 100) -> tuple[Admission, float]:
    """Someone who sends at this pace and waits when told to."""
    admission, now = Admission(), 100.0
    while now < 100.0 + seconds and not admission.is_flood(now):
        now += max(1 / per_second, admission.arrived(size, now))
        if more:
            admission.charge(now, REFUSED)
    return admission, now


@pytest.mark.parametrize(
    ("per_second", "more", "size", "floods"),
    [
        (45, False, 100, False),
        (70, False, 100, True),
        (4, True, 100, False),
        (8, True, 100, True),
        (2, False, 1_000_000, True),
    ],
)
@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20)
def test_who_goes_on_above_the_pace_is_cut_off(per_second: int, more: bool, size: int, floods: bool) -> None:
    """Frames, frames that are refused or cost much, and bytes are counted alike."""
    admission, now = send_for(60, per_second, more=more, size=size)
    assert admission.is_flood(now) is floods


@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20)
def test_a_burst_that_ends_is_no_flood() -> None:
    admission, now = send_for(FLOOD - 2, 500)
    assert not admission.is_flood(now)
    now += 20
    assert admission.arrived(100, now) == 0
    assert not admission.is_flood(now)
    assert not admission.is_warned(now)
    assert admission.is_warned(now + 0.5)


@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20)
def test_what_would_take_ten_seconds_to_read_is_a_flood_at_once() -> None:
    admission, now = Admission(), 100.0
    assert admission.arrived(8_000, now, 600) == pytest.approx((600 - 200 + 1) / 50)
    assert not admission.is_flood(now)
    admission.arrived(2_000, now, 150)
    assert admission.is_flood(now)


@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20)
def test_a_person_who_was_held_for_long_may_go_on_afterwards() -> None:
    """The hold is ours, not theirs: its length alone makes nobody a flooder."""
    admission, now = Admission(), 100.0
    now += admission.arrived(8_000, now, 650)
    for step in range(200):
        admission.arrived(100, now + step / 10)
        assert not admission.is_flood(now + step / 10)


@override_settings(CHAT_PER_SECOND=5, CHAT_BURST=20, CHAT_SOCKETS_PER_PERSON=40)
def test_a_person_who_comes_back_with_all_their_tabs_is_no_flood() -> None:
    admission, now = Admission(), 100.0
    for _tab in range(django_settings.CHAT_SOCKETS_PER_PERSON):
        for frame in (Subscribe, Watch):
            now += admission.arrived(100, now)
            admission.charge(now, COSTS[frame])
            assert not admission.is_flood(now)


def test_messages_that_wait_to_be_stored_have_a_limit() -> None:
    admission = Admission()
    admission.unstored = MAX_UNSTORED - 1
    assert not admission.is_full
    admission.unstored += 1
    assert admission.is_full


# --- what is kept of a room for who comes back ---


def recent(*texts: str, start: int = 10) -> RecentFrames:
    frames = RecentFrames(start)
    for place, text in enumerate(texts, start + 1):
        frames.add(place, SharedFrame(text))
    return frames


def positions(found: Any) -> list[int] | None:
    return None if found is None else [position for position, _frame in found]


def test_recent_frames_are_those_after_a_position_or_none_where_some_are_missing() -> None:
    frames = recent("a", "b", "c")
    assert positions(frames.after(10)) == [11, 12, 13]
    assert positions(frames.after(12)) == [13]
    assert positions(frames.after(13)) == []
    assert frames.after(9) is None


def test_recent_frames_are_bounded() -> None:
    frames = recent(*["x"] * (MAX_FRAMES + 20))
    assert frames.after(29) is None
    assert len(frames.after(30) or []) == MAX_FRAMES
    long = recent(*["x" * 100_000] * 9)
    assert positions(long.after(14)) == [15, 16, 17, 18, 19]
    assert long.after(13) is None


@pytest.mark.parametrize("kind", ["edited", "deleted"])
def test_what_was_taken_back_is_not_sent_again_as_it_was(kind: str) -> None:
    frames = recent("secret", "b", f'{{"type":"{kind}","seq":1}}', "d")
    assert frames.after(10) is None
    assert frames.after(11) is None
    assert positions(frames.after(12)) == [13, 14]


def test_older_frames_join_only_where_nothing_lies_between_and_nothing_was_taken_back_meanwhile() -> None:
    older = [(number, SharedFrame("o")) for number in (7, 8, 10)]  # 9 has been deleted by age
    frames = recent("a")
    frames.add_older(5, 9, older[:2], frames.generation)  # up to 9 is read: 10 is missing
    assert frames.after(5) is None
    frames.add_older(5, 10, older, frames.generation)
    assert positions(frames.after(5)) == [7, 8, 10, 11]
    assert positions(frames.after(8)) == [10, 11]
    assert frames.after(4) is None
    before = frames.generation
    frames.add(12, SharedFrame('{"type":"deleted","seq":3}'))
    frames.add_older(5, 11, [*older, (11, SharedFrame("a"))], before)
    assert frames.after(10) is None


def test_recent_frames_are_read_anew_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = recent("a", "b")
    now = monotonic()
    monkeypatch.setattr("chat.live.recent.monotonic", lambda: now + MAX_SECONDS + 1)
    assert frames.after(11) is None
    assert positions(frames.after(12)) == []


# --- who is here ---


def test_people_are_counted_once_over_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    presence = Presence()
    assert presence.count({1, 2}) == 2
    assert presence.hear("other", {2, 3})
    assert not presence.hear("other", {2, 3, 4})
    assert presence.count({1, 2}) == 4
    now = monotonic()
    monkeypatch.setattr("chat.live.presence.monotonic", lambda: now + FORGET + 1)
    assert presence.forget_lost_processes()
    assert not presence.forget_lost_processes()
    assert presence.count({1, 2}) == 2

"""Writing: numbers without gaps, nonces, refusals, pace; without a socket."""

import threading
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import Mention, Message, ReadMarker, Room, RoomEvent
from chat.rooms import actions, history, pace
from chat.rooms.frames import ChatError
from chat.rooms.membership import rooms_of
from chat.rooms.posting import Ack, Draft, post_messages
from learning.enrollment.actions import leave
from learning.enrollment.models import Enrollment, StudyGroup
from tests import school
from tests.chat.conftest import say, with_group
from tests.conftest import make_small


def refusal(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(ChatError) as caught:
        say(*args, **kwargs)
    return caught.value.code


def test_messages_are_numbered_without_gaps_and_rooms_apart(group: SimpleNamespace) -> None:
    elsewhere = Room.objects.get(group=group.other_group)
    group.other_group.teachers.add(group.teacher)
    assert [say(group.student, group.room).seq for _n in range(3)] == [1, 2, 3]
    assert say(group.teacher, elsewhere).seq == 1
    assert say(group.classmate, group.room).seq == 4
    assert Room.objects.get(pk=group.room.pk).last_seq == 4


def test_the_same_nonce_gets_the_same_answer_and_is_stored_once(group: SimpleNamespace) -> None:
    nonce = uuid.uuid4()
    first = say(group.student, group.room, "Once", nonce=nonce)
    assert say(group.student, group.room, "Once more", nonce=nonce) == first
    assert Message.objects.get(room=group.room).text == "Once"
    # the nonce is the author's own: another's message under it is another message
    assert say(group.classmate, group.room, "Mine", nonce=nonce).seq == 2


def test_many_at_once_share_a_transaction_and_each_gets_an_answer(group: SimpleNamespace) -> None:
    again = uuid.uuid4()
    drafts = [
        Draft(group.student.pk, group.room.pk, again, "One"),
        Draft(group.stranger.pk, group.room.pk, uuid.uuid4(), "Not mine"),
        Draft(group.student.pk, group.room.pk, again, "One"),
        Draft(group.classmate.pk, group.room.pk, uuid.uuid4(), "x" * 10_001),
        Draft(group.teacher.pk, group.room.pk, uuid.uuid4(), "Two"),
    ]
    one, foreign, same, long, two = post_messages(drafts)
    assert isinstance(one, Ack)
    assert isinstance(two, Ack)
    assert (one, one.seq, two.seq) == (same, 1, 2)
    assert [error.code for error in (foreign, long) if isinstance(error, ChatError)] == ["not_found", "too_long"]
    assert list(Message.objects.order_by("seq").values_list("text", flat=True)) == ["One", "Two"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("x" * 10_001, "too_long"), ("", "bad_frame"), (" \n\t", "bad_frame"), ("a\x00b", "bad_frame")],
)
def test_what_is_no_message_is_refused(group: SimpleNamespace, text: str, code: str) -> None:
    assert refusal(group.student, group.room, text) == code
    assert not Message.objects.exists()


def test_ten_thousand_characters_are_a_message(group: SimpleNamespace) -> None:
    assert say(group.student, group.room, "ж" * 10_000).seq == 1


def test_who_is_not_in_the_room_cannot_tell_it_from_one_that_is_not_there(group: SimpleNamespace) -> None:
    for who in (group.stranger, group.other_teacher, group.editor):
        assert refusal(who, group.room) == "not_found"
    with pytest.raises(ChatError) as caught:
        say(group.stranger, Room(pk=999_999))
    assert caught.value.code == "not_found"


def test_leaving_the_group_closes_the_door_at_once(group: SimpleNamespace) -> None:
    say(group.student, group.room)
    leave(user=group.student, course=group.course)
    assert refusal(group.student, group.room) == "not_found"


def test_an_ended_group_is_only_read(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room).seq
    group.group.ends_at = timezone.now() - timedelta(minutes=1)
    group.group.save()
    assert refusal(group.student, group.room) == "read_only"
    with pytest.raises(ChatError):
        actions.react(user_id=group.student.pk, room_id=group.room.pk, seq=seq, emoji="👍", on=True)
    # what must not stay can still be taken away
    assert actions.delete_message(user_id=group.teacher.pk, room_id=group.room.pk, seq=seq)


def test_five_a_second_and_twenty_at_once(group: SimpleNamespace, settings: Any) -> None:
    """In one transaction, which has one time: twenty transactions may take long enough for another message."""
    settings.CHAT_PER_SECOND, settings.CHAT_BURST = 5, 20
    drafts = [Draft(group.student.pk, group.room.pk, uuid.uuid4(), str(n)) for n in range(21)]
    others = Draft(group.classmate.pk, group.room.pk, uuid.uuid4(), "Others are not slowed")
    *stored, refused, of_others = post_messages([*drafts, others])
    assert [answer.seq for answer in stored if isinstance(answer, Ack)] == list(range(1, 21))
    assert isinstance(refused, ChatError)
    assert refused.code == "rate_limited"
    assert 0 < (refused.retry_after or 0) <= 0.25
    assert isinstance(of_others, Ack)
    # what was written before counts in a transaction of its own, and no longer than it should
    Message.objects.filter(author=group.student).update(at=timezone.now())
    again = [Draft(group.student.pk, group.room.pk, uuid.uuid4(), "Again") for _n in range(20)]
    assert isinstance(post_messages(again)[-1], ChatError)
    Message.objects.filter(author=group.student).update(at=timezone.now() - pace.counted_period())
    assert say(group.student, group.room)


def test_after_a_second_five_more(settings: Any) -> None:
    settings.CHAT_PER_SECOND, settings.CHAT_BURST = 5, 20
    now = timezone.now()
    earlier, later = [now] * 20, now + timedelta(seconds=1)
    assert pace.seconds_to_wait(earlier[:19], now) == 0
    assert pace.seconds_to_wait(earlier, now) == pytest.approx(0.2)
    assert pace.seconds_to_wait([*earlier, *[later] * 4], later) == 0
    assert pace.seconds_to_wait([*earlier, *[later] * 5], later) == pytest.approx(0.2)


def test_a_mention_is_of_the_longest_name_and_of_members_only(group: SimpleNamespace) -> None:
    group.classmate.display_name = "Student Two"
    group.classmate.save()
    seq = say(group.teacher, group.room, "@Student Two, look; @Stranger not; a@Student neither").seq
    message = Message.objects.get(room=group.room, seq=seq)
    assert message.mentions == {"Student Two": group.classmate.pk}
    assert list(Mention.objects.values_list("user_id", flat=True)) == [group.classmate.pk]


def test_who_writes_has_read_what_stands_above(group: SimpleNamespace) -> None:
    say(group.student, group.room)
    say(group.student, group.room)
    say(group.classmate, group.room)
    counts = {
        who: rooms_of(who).filter(pk=group.room.pk).with_unread(who).values_list("unread", flat=True)[0]
        for who in (group.student, group.classmate, group.teacher)
    }
    assert counts == {group.student: 1, group.classmate: 0, group.teacher: 3}


def test_a_reply_needs_a_message_to_answer(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room, "A question").seq
    say(group.teacher, group.room, "An answer", reply_to=seq)
    frames = history.missed(group.room, 0).frames
    assert frames[1]["reply_to"] == {"seq": seq, "name": "Student", "text": "A question"}
    assert refusal(group.teacher, group.room, reply_to=77) == "not_found"


def test_an_answer_does_not_keep_the_words_of_what_was_deleted(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room, "secret-of-mine").seq
    say(group.teacher, group.room, "An answer", reply_to=seq)
    actions.delete_message(user_id=group.student.pk, room_id=group.room.pk, seq=seq)
    assert "secret-of-mine" not in str(history.missed(group.room, 0).frames)


def test_frames_are_published_after_the_commit_in_order(
    group: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    published: list[tuple[int, Any]] = []

    class Recorder:
        loop = SimpleNamespace(is_closed=lambda: False)

        def publish(self, room_id: int, event: Any) -> None:
            published.append((room_id, event))

    monkeypatch.setattr("chat.rooms.publisher._publisher", Recorder())
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        say(group.student, group.room, "One")
        assert published == []
    assert callbacks
    [(room_id, told)] = published
    assert (room_id, told["type"], [position for position, _text in told["frames"]]) == (group.room.pk, "frames", [1])


@pytest.mark.usefixtures("real_db")
def test_many_threads_at_once_leave_no_gap_and_no_double() -> None:
    group = with_group(make_small())
    writers = [group.student, group.classmate, group.teacher]
    nonces = [[uuid.uuid4() for _n in range(8)] for _writer in writers]

    def write(place: int) -> None:
        try:
            for nonce in nonces[place]:
                say(writers[place], group.room, "Words", nonce=nonce)
                say(writers[place], group.room, "Words", nonce=nonce)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(place,)) for place in range(3) for _twice in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = list(Message.objects.filter(room=group.room).order_by("seq").values_list("seq", "position", "nonce"))
    assert [seq for seq, _position, _nonce in rows] == list(range(1, 25))
    assert [position for _seq, position, _nonce in rows] == list(range(1, 25))
    assert {nonce for _seq, _position, nonce in rows} == {nonce for row in nonces for nonce in row}


# --- what happens to a message afterwards -----------------------------------------------------


def test_an_edit_has_a_position_of_its_own_and_the_words_before_it(group: SimpleNamespace) -> None:
    say(group.student, group.room, "Frist")
    say(group.student, group.room, "Second")
    event = actions.edit_message(user_id=group.student.pk, room_id=group.room.pk, seq=1, text="First")
    assert event is not None
    assert (event.position, event.before) == (3, "Frist")
    assert say(group.student, group.room).seq == 3  # messages count on without a gap
    missed = history.missed(group.room, 2).frames
    assert [(f["type"], f["position"], f["seq"]) for f in missed] == [("edited", 3, 1), ("message", 4, 3)]
    assert missed[0]["text"] == "First"
    # the same words again are no event
    assert actions.edit_message(user_id=group.student.pk, room_id=group.room.pk, seq=1, text="First") is None


@pytest.mark.parametrize(("minutes", "ok"), [(14, True), (16, False)])
def test_authors_change_their_own_for_a_quarter_of_an_hour(group: SimpleNamespace, minutes: int, ok: bool) -> None:
    seq = say(group.student, group.room).seq
    Message.objects.update(at=timezone.now() - timedelta(minutes=minutes))
    at = {"user_id": group.student.pk, "room_id": group.room.pk, "seq": seq}
    if ok:
        assert actions.edit_message(text="New", **at)
        assert actions.delete_message(**at)
    else:
        for verb in (lambda: actions.edit_message(text="New", **at), lambda: actions.delete_message(**at)):
            with pytest.raises(ChatError) as caught:
                verb()
            assert caught.value.code == "forbidden"


def test_nobody_changes_anothers_words_and_moderators_delete_with_a_log(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room, "Rude").seq
    for who in (group.classmate, group.teacher, group.admin):
        with pytest.raises(ChatError) as caught:
            actions.edit_message(user_id=who.pk, room_id=group.room.pk, seq=seq, text="Polite")
        assert caught.value.code == "forbidden"
    with pytest.raises(ChatError) as caught:
        actions.delete_message(user_id=group.classmate.pk, room_id=group.room.pk, seq=seq)
    assert caught.value.code == "forbidden"
    assert actions.delete_message(user_id=group.teacher.pk, room_id=group.room.pk, seq=seq)
    [entry] = history.log(group.room)
    assert (entry.before, entry.actor) == ("Rude", group.teacher)
    assert "Rude" not in str(history.missed(group.room, 0).frames)
    assert history.search(rooms_of(group.student), "rude") == []


def test_reactions_are_each_persons_own(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room).seq
    at = {"room_id": group.room.pk, "seq": seq}
    for who in (group.student, group.classmate, group.classmate):
        actions.react(user_id=who.pk, emoji="👍", on=True, **at)
    assert Message.objects.get().reactions == {"👍": [group.student.pk, group.classmate.pk]}
    actions.react(user_id=group.student.pk, emoji="👍", on=False, **at)
    assert Message.objects.get().reactions == {"👍": [group.classmate.pk]}
    assert RoomEvent.objects.count() == 3
    with pytest.raises(ChatError):
        actions.react(user_id=group.student.pk, emoji="<b>", on=True, **at)


def test_only_who_moderates_pins(group: SimpleNamespace) -> None:
    seq = say(group.student, group.room).seq
    with pytest.raises(ChatError):
        actions.pin(user_id=group.student.pk, room_id=group.room.pk, seq=seq, on=True)
    assert actions.pin(user_id=group.teacher.pk, room_id=group.room.pk, seq=seq, on=True)
    assert history.missed(group.room, 0).frames[0]["pinned"] is True


def test_a_read_marker_never_goes_back_nor_beyond_the_last(group: SimpleNamespace) -> None:
    for _n in range(3):
        say(group.teacher, group.room)
    at = {"user_id": group.student.pk, "room_id": group.room.pk}
    assert actions.mark_read(seq=2, **at) == 2
    assert actions.mark_read(seq=1, **at) == 2
    assert actions.mark_read(seq=999, **at) == 3
    with pytest.raises(ChatError):
        actions.mark_read(user_id=group.stranger.pk, room_id=group.room.pk, seq=1)
    assert ReadMarker.objects.filter(user=group.student).count() == 1


# --- mutes, retention, people who go ---------------------------------------------------------


def test_a_muted_person_is_told_why_and_writes_again_afterwards(group: SimpleNamespace) -> None:
    hour = timedelta(hours=1)
    mute = {"room": group.room, "person": group.student, "actor": group.teacher, "duration": hour}
    actions.mute(**mute, reason="Shouting")
    with pytest.raises(ChatError) as caught:
        say(group.student, group.room)
    assert (caught.value.code, str(caught.value.detail)) == ("muted", "Shouting")
    assert 3500 < (caught.value.retry_after or 0) <= 3600
    assert actions.unmute(room=group.room, person=group.student, actor=group.teacher)
    assert say(group.student, group.room).seq == 1
    row = actions.mute(**mute, reason="Again")
    row.until = timezone.now() - timedelta(seconds=1)
    row.save()
    assert say(group.student, group.room).seq == 2


@pytest.mark.parametrize("who", ["classmate", "stranger", "other_teacher"])
def test_only_who_moderates_mutes(group: SimpleNamespace, who: str) -> None:
    with pytest.raises(ChatError) as caught:
        actions.mute(
            room=group.room, person=group.student, actor=getattr(group, who), duration=timedelta(hours=1), reason="x"
        )
    assert caught.value.code == "not_found"
    with pytest.raises(ChatError):  # nor are moderators muted
        actions.mute(room=group.room, person=group.teacher, actor=group.admin, duration=timedelta(hours=1), reason="x")


def test_old_messages_are_forgotten_by_setting_and_the_rest_is_caught_up_in_order(
    group: SimpleNamespace, settings: Any
) -> None:
    for _n in range(4):
        say(group.student, group.room)
    Message.objects.filter(seq__lte=2).update(at=timezone.now() - timedelta(days=31))
    assert actions.forget_old() == 0
    settings.CHAT_KEEP_DAYS = 30
    assert actions.forget_old() == 2
    assert [frame["seq"] for frame in history.missed(group.room, 0).frames] == [3, 4]
    assert say(group.student, group.room).seq == 5


def test_the_messages_of_an_anonymised_person_stay_without_their_name(group: SimpleNamespace) -> None:
    from learning.accounts.actions import anonymise

    say(group.student, group.room, "I was here")
    say(group.teacher, group.room, "@Student hello")
    anonymise(person=group.student)
    frames = history.missed(group.room, 0).frames
    assert frames[0]["author"] is None
    assert frames[0]["text"] == "I was here"
    assert frames[1].get("mentions") is None
    assert not ReadMarker.objects.filter(user=group.student).exists()


def test_a_room_comes_with_its_group_and_goes_by_its_name(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Spring")
    room = Room.objects.get(group=group)
    group.name = "Summer"
    group.save()
    assert Room.objects.get(pk=room.pk).name == "Summer"
    assert Room.objects.filter(group=group).count() == 1


def test_a_course_has_one_room_for_all(group: SimpleNamespace) -> None:
    room = actions.open_course_room(course=group.course, actor=group.teacher)
    assert actions.open_course_room(course=group.course, actor=group.teacher) == room
    alone = school.person("alone")
    school.enrolled(alone, group.course)
    Enrollment.objects.filter(user=alone).update(group=None)
    for who in (group.student, alone, group.teacher, group.admin):
        say(who, room)
    assert refusal(group.stranger, room) == "not_found"

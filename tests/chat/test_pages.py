"""The pages of a room: reading, writing without JavaScript, files, search, moderation, and what they cost."""

import json
import uuid
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from chat import deeds
from chat.models import Attachment, Mention, Message, ReadMarker, Room
from chat.rooms import notices
from chat.rooms.text import as_html
from learning.accounts.models import AuditEntry
from learning.enrollment.models import Enrollment, StudyGroup
from tests import school
from tests.chat.conftest import say
from tests.test_budgets import queries


def post(client: Any, room: Room, text: str, **more: Any) -> Any:
    return client.post(room.get_absolute_url(), {"text": text, "nonce": str(uuid.uuid4()), **more})


def test_a_room_is_read_and_written_without_a_script(group: SimpleNamespace, visit: Any) -> None:
    client = visit(group.student)
    assert "Nobody has said anything yet" in client.get(group.room.get_absolute_url()).content.decode()
    answer = post(client, group.room, "Hello *all*\r\nof you")
    assert answer.status_code == 302
    assert answer.url.endswith("#newest")
    page = visit(group.classmate).get(group.room.get_absolute_url()).content.decode()
    assert "Hello <em>all</em><br>\nof you" in page
    assert Message.objects.get().text == "Hello *all*\nof you"


def test_the_form_sent_twice_says_it_once(group: SimpleNamespace, visit: Any) -> None:
    client, nonce = visit(group.student), str(uuid.uuid4())
    for _twice in range(2):
        upload = SimpleUploadedFile("notes.txt", b"words")
        client.post(group.room.get_absolute_url(), {"text": "Once", "nonce": nonce, "file": upload})
    assert Message.objects.count() == 1
    assert Attachment.objects.count() == 1


def test_what_is_refused_is_said_and_stays_in_the_form(group: SimpleNamespace, visit: Any) -> None:
    answer = post(visit(group.student), group.room, "x" * 10_001)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "A message has at most 10000 characters." in page
    assert "x" * 10_001 in page


def test_history_is_turned_by_key_in_both_directions(group: SimpleNamespace, visit: Any) -> None:
    for number in range(130):
        say(group.teacher, group.room, f"Number {number + 1}.")
    client, address = visit(group.student), group.room.get_absolute_url()

    def numbers(query: str) -> list[int]:
        frames = client.get(f"{address}{query}").context["messages_shown"]
        return [frame["seq"] for frame in frames]

    assert numbers("") == list(range(81, 131))
    assert numbers("?before=81") == list(range(31, 81))
    assert numbers("?after=80") == list(range(81, 131))
    assert numbers("?at=60") == list(range(35, 86))
    assert numbers("?before=1") == []
    assert numbers("?at=9999")[-1] == 130
    for odd in ("?before=x", "?at=-1", "?after=99999999999999999999", "?date=2026-99-99", "?date=9999-12-31"):
        assert client.get(f"{address}{odd}").status_code == 200
    # who has read a part begins where it is new
    ReadMarker.objects.create(room=group.room, user=group.student, seq=20)
    page = client.get(address)
    shown = page.context["messages_shown"]
    assert [frame["seq"] for frame in shown if frame["is_first_new"]] == [21]
    assert shown[0]["seq"] == 13


def test_a_day_is_jumped_to_where_the_reader_lives(group: SimpleNamespace, visit: Any) -> None:
    group.student.time_zone = "Asia/Tokyo"
    group.student.save()
    for _n in range(3):
        say(group.teacher, group.room)
    late = timezone.now().replace(year=2026, month=3, day=1, hour=20)  # in Tokyo it is the second already
    Message.objects.filter(seq=2).update(at=late)
    Message.objects.filter(seq=1).update(at=late - timedelta(days=1))
    page = visit(group.student).get(f"{group.room.get_absolute_url()}?date=2026-03-02")
    assert page.context["at"] == 2
    days = [frame["when"].date().isoformat() for frame in page.context["messages_shown"] if frame["day"]]
    assert days[:2] == ["2026-03-01", "2026-03-02"]


def test_messages_of_one_author_stand_together(group: SimpleNamespace, visit: Any) -> None:
    for who in (group.teacher, group.teacher, group.classmate, group.teacher):
        say(who, group.room)
    Message.objects.filter(seq=4).update(at=timezone.now() + timedelta(minutes=9))
    shown = visit(group.student).get(group.room.get_absolute_url()).context["messages_shown"]
    assert [frame["continued"] for frame in shown] == [False, True, False, False]


HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    'http://example.org/"onmouseover=alert(1)',
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "`</code><script>alert(1)</script>`",
    "<a href='//evil.example' style='position:fixed'>x</a>",
    "@<b>Student</b>",
    "&lt;script&gt;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_runs_in_anothers_browser(group: SimpleNamespace, visit: Any, text: str) -> None:
    say(group.student, group.room, text)
    parsed = BeautifulSoup(as_html(text) or "", "html.parser")
    for element in parsed.find_all(True):
        assert element.name in {"p", "a", "code", "pre", "em", "strong", "br", "span"}
        assert set(element.attrs) <= {"href", "rel", "class"}
        assert element.get("href", "https://x").startswith(("http://", "https://", "/"))
        assert not element.get("href", "https://x").startswith("//")
    page = visit(group.classmate).get(group.room.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain words", None),
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("main.py is no link", None),
        ("# no heading", "<p># no heading</p>"),
    ],
)
def test_the_subset_of_markdown(text: str, html: str | None) -> None:
    assert as_html(text) == html


def test_a_link_to_a_lesson_shows_its_title_but_not_one_of_another_group(group: SimpleNamespace, settings: Any) -> None:
    from learning.enrollment.models import Audience

    lesson, hidden = group.lessons[0], group.lessons[1]
    Audience.objects.create(course=group.course, page_id=hidden.pk, group=group.other_group)
    group.course.save()
    room = Room.objects.named().get(pk=group.room.pk)
    address = f"{settings.BASE_URL}{school.path_of(lesson)}#b-1"
    html = as_html(f"See {address}", room=room) or ""
    assert f'class="lesson-link" rel="nofollow ugc noopener noreferrer">{lesson.title}</a>' in html.replace(
        f'href="{school.path_of(lesson)}#b-1" ', ""
    )
    secret = as_html(f"See {settings.BASE_URL}{school.path_of(hidden)}", room=room) or ""
    assert f">{hidden.title}<" not in secret


def test_a_lesson_is_discussed_with_the_place_quoted(group: SimpleNamespace, visit: Any) -> None:
    lesson = group.lessons[0]
    block = lesson.body[0].id
    client = visit(group.student)
    lesson_page = client.get(school.path_of(lesson)).content.decode()
    assert reverse("chat_discuss", args=(lesson.pk,)) in lesson_page
    answer = client.get(reverse("chat_discuss", args=(lesson.pk,)), {"block": block})
    assert answer.status_code == 302
    draft = client.get(answer.url.partition("#")[0]).context["draft"]
    assert draft.startswith("> Words.\n\nhttp")
    assert f"{school.path_of(lesson)}#b-{block}" in draft
    assert f'id="b-{block}"' in lesson_page
    stranger = visit(group.stranger)
    assert stranger.get(reverse("chat_discuss", args=(lesson.pk,))).status_code == 404
    assert "data-discuss" not in visit().get(school.path_of(lesson), follow=True).content.decode()


# --- finding, moderating, taking along --------------------------------------------------------


def test_search_finds_in_ones_own_rooms_only(group: SimpleNamespace, visit: Any) -> None:
    elsewhere = StudyGroup.objects.create(course=group.other, name="Away")
    elsewhere.teachers.add(group.other_teacher)
    say(group.teacher, group.room, "Листья КЛЁНА падают")
    say(group.other_teacher, Room.objects.get(group=elsewhere), "клён и там")
    found = visit(group.student).get("/chat/search/?q=клёна листья").context["found"]
    assert [message.text for message in found] == ["Листья КЛЁНА падают"]
    assert visit(group.student).get("/chat/search/?q=клён").context["found"] == found
    assert visit(group.student).get("/chat/search/?q=%25").context["found"] == []
    room = Room.objects.get(group=elsewhere)
    assert visit(group.student).get(f"/chat/search/?q=клён&room={room.pk}").status_code == 404


def test_a_teacher_mutes_from_the_list_of_people_and_the_person_sees_why(group: SimpleNamespace, visit: Any) -> None:
    teacher, address = visit(group.teacher), reverse("chat_mute", args=(group.room.pk,))
    wish = {"person": group.student.pk, "minutes": 60, "reason": "Too loud <b>"}
    assert visit(group.classmate).post(address, wish).status_code == 404
    assert teacher.post(address, wish).status_code == 302
    page = visit(group.student).get(group.room.get_absolute_url()).content.decode()
    assert "Too loud &lt;b&gt;" in page
    assert "data-composer" not in page
    entry = AuditEntry.objects.filter(deed=deeds.CHAT).first()
    assert entry is not None
    assert entry.facts["did"] == "muted"
    teacher.post(address, {"person": group.student.pk, "lift": "1"})
    assert "data-composer" in visit(group.student).get(group.room.get_absolute_url()).content.decode()


def test_how_many_have_seen_a_message_is_for_who_moderates(group: SimpleNamespace, visit: Any) -> None:
    say(group.teacher, group.room, "Read this")
    ReadMarker.objects.create(room=group.room, user=group.student, seq=1)
    address = reverse("chat_message", args=(group.room.pk, 1))
    assert "Seen by 1 of 2" in visit(group.teacher).get(address).content.decode()
    assert "Seen by" not in visit(group.student).get(address).content.decode()


def test_the_page_of_a_message_does_all_that_can_be_done(group: SimpleNamespace, visit: Any) -> None:
    say(group.student, group.room, "Frist")
    client, address = visit(group.student), reverse("chat_message", args=(group.room.pk, 1))
    client.post(address, {"do": "edit", "text": "First"})
    client.post(address, {"do": "react", "emoji": "🎉"})
    assert (Message.objects.get().text, Message.objects.get().reactions) == ("First", {"🎉": [group.student.pk]})
    client.post(address, {"do": "react", "emoji": "🎉", "on": "0"})
    client.post(address, {"do": "pin"})  # only for who moderates
    assert Message.objects.get().pinned_at is None
    visit(group.teacher).post(address, {"do": "pin"})
    assert "1 pinned message" in client.get(group.room.get_absolute_url()).content.decode()
    client.post(address, {"do": "delete"})
    page = client.get(group.room.get_absolute_url()).content.decode()
    assert "This message was deleted." in page
    assert "First" not in page
    log = visit(group.teacher).get(reverse("chat_log", args=(group.room.pk,))).content.decode()
    assert "Frist" in log
    assert "First" in log
    assert client.post(address, {"do": "nonsense"}).status_code == 302


def test_a_teacher_takes_a_room_along(group: SimpleNamespace, visit: Any) -> None:
    say(group.student, group.room, "One **bold** <b>")
    say(group.classmate, group.room, "Two", reply_to=1)
    teacher = visit(group.teacher)
    data = b"".join(teacher.post(reverse("chat_export_json", args=(group.room.pk,))).streaming_content)
    rows = json.loads(data)["messages"]
    assert [(row["seq"], row["author"], row["reply_to"]) for row in rows] == [(1, "Student", None), (2, "Classmate", 1)]
    page = teacher.post(reverse("chat_export", args=(group.room.pk,)))
    html = b"".join(page.streaming_content).decode()
    assert "<strong>bold</strong> &lt;b&gt;" in html
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert AuditEntry.objects.filter(deed=deeds.CHAT, facts__did="exported").count() == 2
    assert visit(group.student).post(reverse("chat_export_json", args=(group.room.pk,))).status_code == 404


def test_mentions_are_mailed_once_to_who_has_not_looked(group: SimpleNamespace) -> None:
    say(group.teacher, group.room, "@Student and @Classmate, the secret is 42")
    mail.outbox.clear()
    assert notices.send_mentions() == 0  # they may look by themselves
    Message.objects.update(at=timezone.now() - timedelta(hours=1))
    ReadMarker.objects.create(room=group.room, user=group.classmate, seq=1)
    assert notices.send_mentions() == 1
    assert notices.send_mentions() == 0
    [letter] = mail.outbox
    assert letter.to == [group.student.email]
    assert "42" not in letter.body
    assert f"/chat/{group.room.pk}/?at=1#m1" in letter.body
    assert Mention.objects.filter(told_at=None).count() == 0


def test_a_quiet_room_counts_only_mentions(group: SimpleNamespace, visit: Any) -> None:
    from chat.rooms.seats import unread_total

    client = visit(group.student)
    client.post(reverse("chat_silence", args=(group.room.pk,)), {"on": "1"})
    say(group.teacher, group.room, "All")
    assert unread_total(group.student) == 0
    say(group.teacher, group.room, "@Student you")
    assert unread_total(group.student) == 1
    client.post(reverse("chat_read", args=(group.room.pk,)))
    assert unread_total(group.student) == 0


# --- what it costs -------------------------------------------------------------------------------


def fill(group: SimpleNamespace, count: int) -> None:
    """Many messages at once, as the action would have written them."""
    start = Room.objects.get(pk=group.room.pk).last_seq
    people = [group.student, group.classmate, group.teacher]
    Message.objects.bulk_create(
        Message(
            room=group.room, seq=start + n, position=start + n, author=people[n % 3], nonce=uuid.uuid4(),
            text=f"Message **{n}**", folded=f"message **{n}**", reply_to=1 if n % 7 == 0 else None,
        )
        for n in range(1, count + 1)
    )  # fmt: skip
    Room.objects.filter(pk=group.room.pk).update(last_seq=start + count, last_position=start + count)


def test_opening_a_room_takes_six_queries_however_long_it_is(group: SimpleNamespace, visit: Any) -> None:
    client, address = visit(group.student), group.room.get_absolute_url()
    fill(group, 40)
    client.get(address)  # what the menu keeps for a minute
    few = queries(client, address)
    fill(group, 3000)
    assert queries(client, address) <= max(6, few)
    assert few <= 6


def test_unread_counts_of_fifty_rooms_are_one_query(group: SimpleNamespace, django_assert_num_queries: Any) -> None:
    from chat.rooms.seats import unread_of

    for number in range(50):
        made = StudyGroup.objects.create(course=group.course, name=f"Group {number}")
        made.teachers.add(group.teacher)
    with django_assert_num_queries(1):
        assert len(unread_of(group.teacher)) == 52  # with the group's and the empty group's


@pytest.mark.parametrize("path", ["/chat/", "/chat/search/?q=message", "people/", "log/"])
def test_lists_do_not_grow(group: SimpleNamespace, visit: Any, path: str) -> None:
    client = visit(group.teacher)
    address = path if path.startswith("/") else group.room.get_absolute_url() + path

    def grow(count: int) -> None:
        fill(group, count)
        for number in range(count // 10):
            made = StudyGroup.objects.create(course=group.course, name=f"Group {count} {number}")
            made.teachers.add(group.teacher)
            someone = school.person(None)  # type: ignore[arg-type]
            Enrollment.objects.create(user=someone, course=group.course, group=group.group, status="active")

    grow(10)
    client.get(address)
    few = queries(client, address)
    grow(60)
    assert queries(client, address) <= few <= 12

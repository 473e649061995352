"""Rooms of courses without study groups, and the ways to a chat from a course and from the dashboard."""

from types import SimpleNamespace
from typing import Any

from chat.models import Room
from chat.rooms.access import standing_in
from chat.rooms.actions import open_course_room
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from tests import school
from tests.chat.conftest import say


def test_a_course_without_groups_has_a_room_where_students_can_ask(small: SimpleNamespace, visit: Any) -> None:
    room = Room.objects.get(course=small.course)
    for who in (small.student, small.teacher):
        assert standing_in(who, room).is_member
    for who in (small.stranger, small.other_teacher):
        assert not standing_in(who, room).is_member
    page = visit(small.student).get(school.path_of(small.course)).content.decode()
    assert "Ask in the chat of the course" in page
    assert f'href="/chat/{room.pk}/"' in page
    for who in (None, small.stranger):
        assert f'href="/chat/{room.pk}/"' not in visit(who).get(school.path_of(small.course)).content.decode()


def test_a_draft_and_a_course_with_groups_get_none(people: SimpleNamespace) -> None:
    draft = school.course("Draft", live=False)
    assert not Room.objects.filter(course=draft).exists()
    StudyGroup.objects.create(course=draft, name="First")
    school.publish(draft)
    assert not Room.objects.filter(course=draft).exists()


def test_publishing_again_makes_no_second_room(small: SimpleNamespace) -> None:
    school.publish(school.fresh(small.course))
    assert Room.objects.filter(course=small.course).count() == 1


def test_the_panel_names_group_teacher_and_chat(small: SimpleNamespace, visit: Any) -> None:
    small.other_teacher.about = "Knows every root."
    small.other_teacher.save()
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    group.teachers.add(small.other_teacher)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=group)
    page = visit(small.student).get(school.path_of(small.course)).content.decode()
    panel = page[page.index('class="course-side"') : page.index("</aside>")]
    for words in ("Autumn", "Other", "Knows every root.", "Chat of “Autumn”"):
        assert words in panel
    assert "Teacher" not in panel


def test_the_dashboard_shows_unread_chats_until_they_are_read(small: SimpleNamespace, visit: Any) -> None:
    room = Room.objects.get(course=small.course)
    client = visit(small.student)
    assert "Unread in chats" not in client.get("/me/").content.decode()
    seq = say(small.teacher, room).seq
    page = client.get("/me/").content.decode()
    assert "Unread in chats" in page
    assert f'href="/chat/{room.pk}/"' in page
    client.post(f"/chat/{room.pk}/read/", {"seq": seq})
    assert "Unread in chats" not in client.get("/me/").content.decode()


def test_who_has_left_is_led_to_no_chat(small: SimpleNamespace, visit: Any) -> None:
    room = Room.objects.get(course=small.course)
    say(small.teacher, room)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=Status.LEFT)
    for path in ("/me/", school.path_of(small.course)):
        assert f'href="/chat/{room.pk}/"' not in visit(small.student).get(path).content.decode()


def test_the_default_room_goes_when_groups_come_unless_someone_has_spoken(small: SimpleNamespace) -> None:
    say(small.student, Room.objects.get(course=small.course))
    for course in (small.course, small.other):
        StudyGroup.objects.create(course=course, name="First")
    assert Room.objects.filter(course=small.course).exists()
    assert not Room.objects.filter(course=small.other).exists()


def test_a_room_that_a_teacher_opened_stays_when_groups_come(small: SimpleNamespace) -> None:
    StudyGroup.objects.create(course=small.course, name="First")
    room = open_course_room(course=small.course, actor=small.teacher)
    StudyGroup.objects.create(course=small.course, name="Second")
    assert Room.objects.filter(pk=room.pk).exists()


def test_a_default_room_that_a_teacher_asks_for_becomes_theirs(small: SimpleNamespace) -> None:
    room = open_course_room(course=small.course, actor=small.teacher)
    StudyGroup.objects.create(course=small.course, name="First")
    assert Room.objects.filter(pk=room.pk).exists()

"""Who is what in which room: the list of one's rooms and the answer for one room say the same."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import Room
from chat.rooms.access import RoomStanding, standing_in, standings, standings_and_positions
from chat.rooms.actions import open_course_room
from chat.rooms.membership import rooms_of
from chat.rooms.people import ids_of, listed_people
from learning.enrollment.models import Enrollment
from learning.enrollment.statuses import READING, Status
from tests import school
from tests.chat.conftest import say

EVERYONE = ("student", "classmate", "stranger", "teacher", "other_teacher", "editor", "moderator", "admin")
MODERATING = {"moderator", "admin"}


@pytest.fixture
def rooms(group: SimpleNamespace) -> SimpleNamespace:
    """Rooms of a group with a teacher, of one without (the course's team teaches it), and of the whole course."""
    group.open_room = open_course_room(course=group.course, actor=group.teacher)
    group.empty_room = Room.objects.get(group=group.other_group)
    group.helper = school.person("helper", None)
    group.other_group.teachers.add(group.helper)
    return group


def test_lists_and_single_answers_agree(rooms: SimpleNamespace) -> None:
    for who in (*EVERYONE, "helper"):
        user = getattr(rooms, who)
        mine = set(rooms_of(user))
        for room in Room.objects.all():
            standing = standing_in(user, room)
            assert standing.is_member == (room in mine or who in MODERATING), (who, room.name)
            listed = user.pk in ids_of(room)
            assert listed == (room in mine), (who, room.name)
            assert listed == (user.pk in {person["id"] for person in listed_people(room)})


@pytest.mark.parametrize(
    ("who", "member", "moderates"),
    [
        ("student", True, False),
        ("stranger", False, False),
        ("teacher", True, True),
        ("other_teacher", False, False),
        ("editor", False, False),
        ("moderator", True, True),
        ("admin", True, True),
    ],
)
def test_the_room_of_a_group(group: SimpleNamespace, who: str, member: bool, moderates: bool) -> None:
    user = getattr(group, who)
    assert standing_in(user, group.room) == RoomStanding(user.pk, group.room.pk, member, moderates)


@pytest.mark.parametrize("status", Status)
def test_a_student_is_in_the_room_while_they_read(group: SimpleNamespace, status: Status) -> None:
    Enrollment.objects.filter(user=group.student).update(status=status)
    assert standing_in(group.student, group.room).is_member == (status in READING)


def test_the_inactive_are_nowhere(group: SimpleNamespace) -> None:
    for user in (group.student, group.teacher, group.admin):
        user.is_active = False
        user.save()
        assert not standings([(user.pk, group.room.pk)])[user.pk, group.room.pk].is_member


def test_a_teacher_of_one_group_is_not_in_the_others(rooms: SimpleNamespace) -> None:
    assert standing_in(rooms.helper, rooms.empty_room).moderates
    assert not standing_in(rooms.helper, rooms.room).is_member
    assert not standing_in(rooms.teacher, rooms.empty_room).is_member  # it has a teacher of its own now


def test_the_team_steps_in_where_the_only_teacher_of_a_group_has_gone(rooms: SimpleNamespace) -> None:
    rooms.helper.is_active = False
    rooms.helper.save()
    assert standing_in(rooms.teacher, rooms.empty_room).moderates
    assert rooms.empty_room in rooms_of(rooms.teacher)
    assert ids_of(rooms.empty_room) == [rooms.teacher.pk]


def test_all_people_and_rooms_of_a_process_are_one_query(rooms: SimpleNamespace) -> None:
    say(rooms.student, rooms.room)
    pairs = [(getattr(rooms, who).pk, room.pk) for who in EVERYONE for room in Room.objects.all()]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found, positions = standings_and_positions(pairs, [rooms.room.pk])
    assert len(queries) == 1
    assert positions[rooms.room.pk] == 1
    assert {pair for pair in pairs if found.is_member(pair)} == {
        pair
        for pair in pairs
        if standing_in(rooms.student.__class__.objects.get(pk=pair[0]), Room(pk=pair[1])).is_member
    }
    moderator = rooms.moderator.pk
    found, _positions = standings_and_positions([(moderator, 10**6)], [])
    assert not found.is_member((moderator, 10**6))  # a room that is no more

"""What people are in rooms: asked for one, for many, and once a second for everyone, with the same answer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from chat.models import Mute, Room
from chat.rooms.access import RoomStanding, entered_room, standing_in, standings, standings_and_positions
from chat.rooms.membership import Part, people_of
from learning.accounts.models import User
from learning.enrollment.models import Enrollment, StudyGroup
from tests import school
from tests.chat.conftest import with_group

DAY = timedelta(days=1)


@pytest.fixture
def group(small: SimpleNamespace) -> SimpleNamespace:
    return with_group(small)


def mute(room: Room, person: User) -> None:
    Mute.objects.create(room=room, person=person, reason="Enough", until=timezone.now() + DAY)


def test_everyone_of_a_room_is_what_they_are_by_themselves(group: SimpleNamespace) -> None:
    """Three queries with one answer each; nobody is anything in the room of another group."""
    mute(group.room, group.classmate)
    mute(group.room, group.teacher)
    other_room = Room.objects.get(group=group.other_group)
    people = [group.student, group.classmate, group.stranger, group.teacher, group.other_teacher, group.moderator]
    pairs = {(who.pk, room.pk) for who in people for room in (group.room, other_room)}
    asked = standings(pairs)
    everyone, positions = standings_and_positions(pairs, [])
    assert set(positions) == {group.room.pk, other_room.pk}
    for pair in pairs:
        assert everyone.of(pair) == asked[pair], pair
    assert everyone.outside(pairs) == {pair for pair in pairs if not asked[pair].is_member}
    assert everyone.moderating(pairs) == {pair for pair in pairs if asked[pair].moderates}
    members = {who for who, room in pairs if room == group.room.pk and asked[who, room].is_member}
    assert members == {who.pk for who in (group.student, group.classmate, group.teacher, group.moderator)}
    # a mute does not hold whoever moderates
    assert everyone.silent(pairs) == {(group.classmate.pk, group.room.pk)}


def test_in_a_room_that_is_over_everyone_is_silent(group: SimpleNamespace) -> None:
    StudyGroup.objects.filter(pk=group.group.pk).update(ends_at=timezone.now() - DAY)
    other_room = Room.objects.get(group=group.other_group)
    here, there = (group.student.pk, group.room.pk), (group.moderator.pk, other_room.pk)
    everyone, _positions = standings_and_positions({here, there}, [])
    assert everyone.silent({here, there}) == {here}


def test_who_is_nobody_enters_no_room(group: SimpleNamespace) -> None:
    assert entered_room(group.student, group.room.pk) is not None
    assert entered_room(group.stranger, group.room.pk) is None
    for who in (group.student, group.teacher, group.admin):
        User.objects.filter(pk=who.pk).update(is_active=False)
        assert entered_room(school.fresh(who), group.room.pk) is None
        assert standing_in(school.fresh(who), group.room) == RoomStanding(0, group.room.pk)
    assert entered_room(AnonymousUser(), group.room.pk) is None
    nobody = standing_in(AnonymousUser(), group.room)
    assert not any((nobody.is_member, nobody.moderates, nobody.is_muted, nobody.is_over))


def test_students_and_teachers_of_a_room_are_told_apart(group: SimpleNamespace) -> None:
    assert set(people_of(group.room, Part.STUDENT)) == {group.student, group.classmate}
    assert set(people_of(group.room, Part.TEACHER)) == {group.teacher}
    User.objects.filter(pk__in=[group.classmate.pk, group.teacher.pk]).update(is_active=False)
    assert set(people_of(group.room, Part.STUDENT)) == {group.student}
    assert set(people_of(group.room, Part.TEACHER)) == set()


def test_rooms_of_two_courses_have_members_of_their_own(small: SimpleNamespace) -> None:
    """Courses without groups: each has a room of its own."""
    mine, theirs = (Room.objects.get(course=course) for course in (small.course, small.other))
    school.enrolled(small.classmate, small.other)
    Enrollment.objects.filter(user=small.student).update(group=None)
    pairs = {(who.pk, room.pk) for who in (small.student, small.classmate) for room in (mine, theirs)}
    inside = {(small.student.pk, mine.pk), (small.classmate.pk, theirs.pk)}
    everyone, _positions = standings_and_positions(pairs, [])
    assert {pair for pair in pairs if everyone.is_member(pair)} == inside
    assert {pair for pair, standing in standings(pairs).items() if standing.is_member} == inside

"""What people are in rooms: asked for one, for many, and once a second for everyone, with the same answer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from chat.models import Mute, ReadMarker, Room
from chat.rooms.access import RoomStanding, entered_room, standing_in, standings, standings_and_positions
from chat.rooms.actions import silence
from chat.rooms.membership import Part, links_in_course, people_of, rooms_of
from chat.rooms.seats import unread_of, unread_rooms_of
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.models import Enrollment, StudyGroup
from tests import school
from tests.chat.conftest import say, with_group

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


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_a_closed_account_has_no_rooms_on_any_list(group: SimpleNamespace, who: str) -> None:
    """Others' open accounts do not count for it: lists ask for this very person."""
    person = getattr(group, who)
    say(group.classmate, group.room, "New")

    def lists() -> list[int]:
        found = [rooms_of(person), links_in_course(person, group.course.pk), unread_of(person)]
        return [len(list(rows)) for rows in [*found, unread_rooms_of(person, 4)]]

    assert all(lists())
    assert people_of(group.room, Part.STUDENT if who == "student" else Part.TEACHER).filter(pk=person.pk).exists()
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert lists() == [0, 0, 0, 0]
    assert not people_of(group.room, Part.STUDENT).filter(pk=person.pk).exists()
    assert not people_of(group.room, Part.TEACHER).filter(pk=person.pk).exists()


def test_unread_rooms_leave_out_the_read_and_the_muted(group: SimpleNamespace) -> None:
    assert unread_rooms_of(group.student, 4) == []
    say(group.classmate, group.room, "New")
    (found,) = unread_rooms_of(group.student, 4)
    assert (found.pk, found.name, found.unread, found.mentioned) == (group.room.pk, "Autumn", 1, 0)
    assert found.get_absolute_url() == group.room.get_absolute_url()
    assert unread_rooms_of(group.student, 0) == []
    ReadMarker.objects.update_or_create(room=group.room, user=group.student, defaults={"silenced": True})
    assert unread_rooms_of(group.student, 4) == []
    ReadMarker.objects.filter(user=group.student).update(silenced=False, seq=1)
    assert unread_rooms_of(group.student, 4) == []


def test_only_the_right_to_moderate_chats_makes_a_moderator_of_every_room(group: SimpleNamespace) -> None:
    """Another right of the same app does not."""
    role = Group.objects.create(name="Readers of logs")
    kind = ContentType.objects.get_for_model(Room)
    role.permissions.add(Permission.objects.create(content_type=kind, codename="other", name="Other"))
    group.stranger.groups.add(role)
    standing = standing_in(school.fresh(group.stranger), group.room)
    assert (standing.is_member, standing.moderates) == (False, False)
    role.permissions.add(Permission.objects.get(codename="moderate_rooms"))
    standing = standing_in(school.fresh(group.stranger), group.room)
    assert (standing.is_member, standing.moderates) == (True, True)


@pytest.mark.parametrize("over", ["group", "course"])
def test_a_room_is_only_read_from_the_end_of_its_group_or_course(group: SimpleNamespace, over: str) -> None:
    course_room = Room.objects.create(course=group.course)
    assert not standing_in(group.student, group.room).is_over
    assert not standing_in(group.student, course_room).is_over
    ended = timezone.now() - DAY
    if over == "group":
        StudyGroup.objects.filter(pk=group.group.pk).update(ends_at=ended)
    else:
        CoursePage.objects.filter(pk=group.course.pk).update(ends_at=ended)
    is_over = standing_in(group.student, course_room).is_over
    assert (standing_in(group.student, group.room).is_over, is_over) == (over == "group", over == "course")


def test_muting_a_room_reads_nothing(group: SimpleNamespace) -> None:
    """Someone who has never opened the room mutes it: what mentions them is still unread."""
    say(group.teacher, group.room, f"@{group.student.display_name}, look")
    silence(user=group.student, room=group.room, on=True)
    room = Room.objects.with_unread(group.student).get(pk=group.room.pk)
    assert (room.silenced, room.unread, room.mentioned) == (True, 1, 1)

"""A study group with its room, and the people around it."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chat.models import Room
from chat.rooms.posting import Ack, post_message
from learning.accounts.models import User
from learning.enrollment.models import Enrollment, StudyGroup
from tests import school
from tests.chaos.plan import Options
from tests.chaos.servers import School
from tests.chaos.servers import school as running_school
from tests.chaos.trial import people_of
from tests.services import missing_services

# Tests that start PostgreSQL, Redis, two Daphnes and a gunicorn of their own: once for all of them, in one worker.
ON_SERVERS = [
    pytest.mark.stack,
    pytest.mark.xdist_group("chaos"),
    pytest.mark.skipif(bool(missing_services()), reason="needs PostgreSQL and Redis; `make test` says so loudly"),
]


@pytest.fixture(scope="session")
def servers() -> Iterator[School]:
    with running_school() as found:
        found.wait()
        yield found


@pytest.fixture(scope="module")
def crowd(servers: School) -> SimpleNamespace:
    """Two rooms; people 0 and 2 are in the first, 1 in the second, 5 teaches both."""
    people = people_of(servers, Options(clients=6, rooms=2))
    return SimpleNamespace(people=people, room=people[0].rooms[0], other_room=people[1].rooms[0])


def with_group(small: SimpleNamespace) -> SimpleNamespace:
    """`student` and `classmate` are in the group that `teacher` teaches; `other_group` of the same course is empty.

    The rooms that courses without groups have are taken away: they have tests of their own.
    """
    Room.objects.exclude(course=None).delete()
    small.classmate_enrollment = school.enrolled(small.classmate, small.course)
    small.group = StudyGroup.objects.create(course=small.course, name="Autumn")
    small.group.teachers.add(small.teacher)
    small.other_group = StudyGroup.objects.create(course=small.course, name="Winter")
    Enrollment.objects.filter(course=small.course).update(group=small.group)
    small.room = Room.objects.get(group=small.group)
    return small


@pytest.fixture
def group(small: SimpleNamespace) -> SimpleNamespace:
    return with_group(small)


def say(user: User, room: Room, text: str = "Words", **more: Any) -> Ack:
    """Post a message as this person, under a nonce of its own."""
    return post_message(user_id=user.pk, room_id=room.pk, text=text, **{"nonce": uuid.uuid4(), **more})


@pytest.fixture(autouse=True)
def _no_hurry(settings: Any) -> None:
    """Tests write faster than people; the limit has tests of its own."""
    settings.CHAT_PER_SECOND, settings.CHAT_BURST = 10_000, 10_000

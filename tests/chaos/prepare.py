"""Run by `manage.py shell`: people in the study groups of one course, each group with its room; prints sessions.

CHAOS_CLIENTS people in CHAOS_ROOMS rooms; every sixth teaches all groups, and so is in all rooms.
"""

import json
import os
import uuid
from importlib import import_module

from django.conf import settings
from django.contrib.auth.models import Group

from chat.models import Room
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.models import CatalogPage, CoursePage
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


def session_of(user: User) -> str:
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "learning.accounts.backend.AuthenticationBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def person(number: int, role: Role) -> User:
    address = f"chaos-{uuid.uuid4().hex[:12]}@example.org"
    user = User.objects.create_user(address, display_name=f"Person {number}")
    user.groups.add(Group.objects.get(name=role))
    return user


course = CoursePage(title="Storms", slug=f"storms-{uuid.uuid4().hex[:8]}", summary="Weather.")
CatalogPage.objects.order_by("path")[0].add_child(instance=course)
course.save_revision().publish()
groups = [
    StudyGroup.objects.create(course=course, name=f"Group {n}") for n in range(1, int(os.environ["CHAOS_ROOMS"]) + 1)
]
rooms = {group.pk: Room.objects.get(group=group).pk for group in groups}
people = []
for number in range(int(os.environ["CHAOS_CLIENTS"])):
    if number % 6 == 5:
        user, inside = person(number, Role.TEACHER), groups
        user.taught_groups.add(*groups)
    else:
        user, inside = person(number, Role.STUDENT), [groups[number % len(groups)]]
        Enrollment.objects.create(user=user, course=course, group=inside[0], status=Status.ACTIVE)
    people.append({"pk": user.pk, "session": session_of(user), "rooms": [rooms[group.pk] for group in inside]})
print(json.dumps(people))

"""Run by `manage.py shell`: a course for each shape, a study group for each room, people and their sessions.

Prints what the clients need.
"""

import json

from django.contrib.auth.models import Group

from chat.models import Room
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.models import CatalogPage, CoursePage
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from tests.benchmarks.chat.sessions import sessions_of
from tests.benchmarks.chat.shape import PEOPLE, SHAPES, facts_of

people = User.objects.bulk_create(
    User(email=f"chat-{n}@bench.example.org", display_name=f"Person {n}", password="!") for n in range(PEOPLE)
)
student = Group.objects.get(name=Role.STUDENT)
memberships = User.groups.through
memberships.objects.bulk_create(memberships(user_id=person.pk, group_id=student.pk) for person in people)
catalog = CatalogPage.objects.order_by("path")[0]
rooms: dict[str, list[int | str]] = {}
for shape, (count, clients) in SHAPES.items():
    course = CoursePage(title=f"Chat {shape}", slug=f"chat-{shape}", summary="A course to talk in.")
    catalog.add_child(instance=course)
    course.save_revision().publish()
    groups = [StudyGroup.objects.create(course_id=course.pk, name=f"Group {n}") for n in range(count)]
    Enrollment.objects.bulk_create(
        Enrollment(user=person, course_id=course.pk, group=groups[place // clients], status=Status.ACTIVE)
        for place, person in enumerate(people[: count * clients])
    )
    rooms[shape] = [Room.objects.get(group=group).pk for group in groups]
sessions = sessions_of(people, "learning.accounts.backend.AuthenticationBackend")
print(json.dumps(facts_of(rooms, sessions)))

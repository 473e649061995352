"""Run by `manage.py shell`: puts the measured lesson into the generated school and prints what the client needs."""

import json

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.test import Client

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.models import CoursePage, LessonPage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment, StudyGroup
from learning.library.collections import collection_of
from learning.library.models import Picture
from tests.benchmarks.content import jpeg, parta_body

course = CoursePage.objects.order_by("path")[0]
lesson = LessonPage.objects.descendant_of(course).order_by("path")[7]
pictures = []
for colour in ("teal", "navy", "olive", "maroon", "gray"):
    row = Picture(title=colour, collection=collection_of(course))
    row.file = ContentFile(jpeg(colour), name=f"{colour}.jpg")
    row.save()
    pictures.append(row.pk)
lesson.body = LessonPage._meta.get_field("body").stream_block.to_python(parta_body(pictures))
lesson.save_revision().publish()
student = User.objects.get(pk=Enrollment.objects.filter(course=course, status="active").order_by("pk")[5].user_id)
client = Client()
client.force_login(student, backend="learning.accounts.backend.AuthenticationBackend")
session = client.cookies["sessionid"].value

# --- what running the school is measured with -----------------------------------------------
admin = User.objects.create_user("admin@bench.example.org", display_name="Administrator")
admin.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
staff = Client()
staff.force_login(admin, backend="learning.accounts.backend.AuthenticationBackend")
second = CoursePage.objects.order_by("path")[1]
inside = Enrollment.objects.filter(course=second).values("user_id")
group = StudyGroup.objects.filter(course=course).order_by("pk")[0]
facts = {
    "session": session,
    "lesson": address_of(lesson.url_path),
    "course": address_of(course.url_path),
    "admin_session": staff.cookies["sessionid"].value,
    "course_id": course.pk,
    "second_course_id": second.pk,
    "group_id": group.pk,
    "student_id": student.pk,
    "enrollment": Enrollment.objects.get(course=course, user=student).pk,
    "group_active": Enrollment.objects.filter(group=group, status="active").count(),
    "outsiders": list(
        User.objects.filter(is_active=True, pk__lt=admin.pk)
        .exclude(pk__in=inside)
        .order_by("pk")
        .values_list("email", flat=True)[:5000]
    ),
}
print(json.dumps(facts))

"""Run with the tutorial's settings: makes its pages, a student and a session, and prints what the client needs."""

import json

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from wagtail.images.models import Image  # noqa: E402
from wagtail.models import Page, Site  # noqa: E402

from tests.benchmarks.content import jpeg, tutorial_body  # noqa: E402
from tests.benchmarks.tutorial.models import Course, CourseHome, Done, Lesson, Module  # noqa: E402

call_command("migrate", verbosity=0)
pictures = []
for colour in ("teal", "navy", "olive", "maroon", "gray"):
    row = Image(title=colour)
    row.file = ContentFile(jpeg(colour), name=f"{colour}.jpg")
    row.save()
    pictures.append(row.pk)
root = Page.get_first_root_node()
home = root.add_child(instance=CourseHome(title="Courses", slug="tutorial"))
Site.objects.update(root_page=home)
course = home.add_child(instance=Course(title="Course", slug="course"))
user = get_user_model().objects.create_user("student", "s@example.org", "x")
lessons = []
for m in range(5):
    module = course.add_child(instance=Module(title=f"Module {m}", slug=f"module-{m}"))
    for k in range(6):
        lesson = Lesson(title=f"Lesson {m}.{k}", slug=f"lesson-{k}")
        lesson.body = Lesson._meta.get_field("body").stream_block.to_python(tutorial_body(pictures))
        module.add_child(instance=lesson)
        lessons.append(lesson)
Done.objects.bulk_create([Done(user=user, lesson=lesson) for lesson in lessons[:7]])
client = Client()
client.force_login(user)
print(json.dumps({"session": client.cookies["sessionid"].value, "lesson": "/course/module-1/lesson-1/"}))

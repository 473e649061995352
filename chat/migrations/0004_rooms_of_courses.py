"""Published courses without study groups get a room, where their students can ask the teacher."""

from typing import Any

from django.db import migrations


def open_rooms(apps: Any, schema_editor: Any) -> None:
    courses = apps.get_model("courses", "CoursePage").objects
    groups = apps.get_model("enrollment", "StudyGroup").objects
    rooms = apps.get_model("chat", "Room").objects
    without = courses.filter(live=True).exclude(pk__in=groups.values("course_id"))
    for course in without.exclude(pk__in=rooms.exclude(course=None).values("course_id")):
        rooms.create(course_id=course.pk)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0003_rendered_messages"),
        ("courses", "0005_media_help"),
        ("enrollment", "0003_former_courses"),
    ]

    operations = [migrations.RunPython(open_rooms, migrations.RunPython.noop)]

"""Study groups that are there already get their room."""

from typing import Any

from django.db import migrations


def open_rooms(apps: Any, schema_editor: Any) -> None:
    room, group = apps.get_model("chat", "Room"), apps.get_model("enrollment", "StudyGroup")
    have = room.objects.exclude(group=None).values("group_id")
    rooms = [room(group_id=pk) for pk in group.objects.exclude(pk__in=have).values_list("pk", flat=True)]
    room.objects.bulk_create(rooms, batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_rooms"), ("enrollment", "0002_running_the_school")]

    operations = [migrations.RunPython(open_rooms, migrations.RunPython.noop)]

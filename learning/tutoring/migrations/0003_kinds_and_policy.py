"""The four kinds of lessons for everyone, and a first cancellation policy."""

from typing import Any

from django.db import migrations


def add(apps: Any, schema_editor: Any) -> None:
    from learning.tutoring.defaults import add_defaults

    add_defaults(apps)


class Migration(migrations.Migration):
    dependencies = [("tutoring", "0002_one_lesson_at_a_time")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]

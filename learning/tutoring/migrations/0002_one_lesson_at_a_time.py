"""One teacher, one time, one lesson, and the same for each student: kept by PostgreSQL itself.

SQLite has no such constraint; there, as everywhere, the actions check under the lock of `PersonCalendar`.
"""

from typing import Any

from django.db import migrations

TAKES_TIME = "status IN ('planned', 'held', 'missed')"
# `[)`: the end is not part of the lesson, so back to back is allowed. Deferrable, to swap two lessons; immediate until
# a transaction says otherwise.
CONSTRAINTS = {
    "tutoring_teacher_one_lesson": ("tutoring_lesson", "teacher_id", TAKES_TIME),
    "tutoring_student_one_lesson": ("tutoring_attendance", "student_id", "takes_time"),
}


def add(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    for name, (table, person, condition) in CONSTRAINTS.items():
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist "
            f"({person} WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&) WHERE ({condition}) "
            "DEFERRABLE INITIALLY IMMEDIATE"
        )


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for name, (table, _person, _condition) in CONSTRAINTS.items():
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


class Migration(migrations.Migration):
    dependencies = [("tutoring", "0001_private_lessons")]

    operations = [migrations.RunPython(add, drop)]

"""Jobs get an app of their own: their table is renamed, and who could see the list of jobs still can."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

JOBS_TABLE, HOME_TABLE = "jobs_workerheartbeat", "home_workerbeat"


def give_right(apps: Any, schema_editor: Any) -> None:
    config = apps.get_app_config("jobs")
    config.models_module = True  # Django makes permissions after all migrations; the roles need this one now
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    right = permissions.get(content_type__app_label="jobs", codename="view_jobs")
    readers = permissions.filter(content_type__app_label="accounts", codename="view_auditentry")
    for group in apps.get_model("auth", "Group").objects.filter(permissions__in=readers):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [("home", "0007_school_settings"), ("jobs", "0001_worker_heartbeats")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel("WorkerBeat")],
            database_operations=[migrations.AlterModelTable("WorkerBeat", JOBS_TABLE)],
        ),
        migrations.RunPython(give_right, migrations.RunPython.noop),
    ]

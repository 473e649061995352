"""Moderators and administrators get the right to moderate every chat; what a school has changed of its roles stays."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = ("Moderator", "Administrator")


def give_right(apps: Any, schema_editor: Any) -> None:
    config = apps.get_app_config("chat")
    config.models_module = True  # Django makes permissions after all migrations; the roles need this one now
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    right = permissions.get(content_type__app_label="chat", codename="moderate_rooms")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ROLES):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [("home", "0004_worker_beats"), ("chat", "0001_rooms")]

    operations = [migrations.RunPython(give_right, migrations.RunPython.noop)]

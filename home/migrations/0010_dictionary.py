"""Teachers, editors and administrators get the right to write the dictionary; what a school has changed stays."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = ("Teacher", "Editor", "Administrator")
RIGHTS = [f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("lexeme", "source")]


def give_rights(apps: Any, schema_editor: Any) -> None:
    config = apps.get_app_config("vocabulary")
    config.models_module = True  # Django makes permissions after all migrations; the roles need them now
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="vocabulary")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=ROLES):
        group.permissions.add(*permissions.filter(codename__in=RIGHTS))


class Migration(migrations.Migration):
    dependencies = [("home", "0009_private_lessons"), ("vocabulary", "0002_languages_and_trigrams")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]

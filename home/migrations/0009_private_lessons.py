"""Teachers get the right to give private lessons, administrators to look after those of all; changed roles stay."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROLES = {
    "Teacher": ("teach_privately",),
    "Administrator": (
        *("teach_privately", "manage_tutoring", "view_account", "view_ledgerline", "view_package"),
        *(f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("lessonkind", "policy")),
        *(f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("project", "lesson")),
    ),
}


def give_rights(apps: Any, schema_editor: Any) -> None:
    config = apps.get_app_config("tutoring")
    config.models_module = True  # Django makes permissions after all migrations; the roles need them now
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="tutoring")
    for name, codenames in ROLES.items():
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*permissions.filter(codename__in=codenames))


class Migration(migrations.Migration):
    dependencies = [("home", "0008_heartbeats_move_to_jobs"), ("tutoring", "0003_kinds_and_policy")]

    operations = [migrations.RunPython(give_rights, migrations.RunPython.noop)]

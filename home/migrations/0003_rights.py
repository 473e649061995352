"""The five roles get the rights that this release knows: new permissions, and the same table as before."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

from learning.accounts.roles import apply_roles


def make_roles(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions after all migrations; the roles need them now."""
    for config in apps.get_app_configs():
        config.models_module = True
        create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
        config.models_module = None
    apply_roles(apps, strict=False)  # later permissions are given by later migrations


class Migration(migrations.Migration):
    dependencies = [
        ("home", "0002_school"),
        ("accounts", "0002_rights_audit_tokens"),
        ("courses", "0004_choose_group"),
        ("enrollment", "0002_running_the_school"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]

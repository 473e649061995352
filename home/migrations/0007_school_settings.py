"""Who sets up the site may change how the school presents itself; what a school has changed of its roles stays."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations


def give_right(apps: Any, schema_editor: Any) -> None:
    config = apps.get_app_config("accounts")
    config.models_module = True  # Django makes permissions after all migrations; the roles need this one now
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects
    right = permissions.get(content_type__app_label="accounts", codename="change_school")
    groups = apps.get_model("auth", "Group").objects
    for group in groups.filter(permissions__content_type__app_label="wagtailcore", permissions__codename="change_site"):
        group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [("home", "0006_collections"), ("accounts", "0005_school")]

    operations = [migrations.RunPython(give_right, migrations.RunPython.noop)]

"""Who sets up the structure of the school manages collections; Wagtail keeps that right on a collection."""

from typing import Any

from django.db import migrations

CODENAMES = ("add_collection", "change_collection", "delete_collection")


def give_right(apps: Any, schema_editor: Any) -> None:
    root = apps.get_model("wagtailcore", "Collection").objects.filter(depth=1).first()
    permissions = apps.get_model("auth", "Permission").objects
    rights = list(permissions.filter(content_type__app_label="wagtailcore", codename__in=CODENAMES))
    structure = permissions.filter(content_type__app_label="wagtailcore", codename="change_workflow")
    groups = apps.get_model("auth", "Group").objects.filter(permissions__in=structure).distinct()
    on_collections = apps.get_model("wagtailcore", "GroupCollectionPermission").objects
    for group in groups if root else ():
        for right in rights:
            on_collections.get_or_create(group=group, collection=root, permission=right)


class Migration(migrations.Migration):
    dependencies = [("home", "0005_moderating_chats"), ("wagtailcore", "0094_alter_page_locale")]

    operations = [migrations.RunPython(give_right, migrations.RunPython.noop)]

"""An index on the addresses of pages, which Wagtail does not have: it walks the tree, we ask for the whole address."""

from typing import Any

from django.db import migrations

NAME = "courses_page_url_path"


def add(apps: Any, schema_editor: Any) -> None:
    # a hash index has no limit on the length of an address, as PostgreSQL's ordinary one has
    kind = "USING hash " if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"CREATE INDEX {NAME} ON wagtailcore_page {kind}(url_path)")


def remove(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP INDEX IF EXISTS {NAME}")


class Migration(migrations.Migration):
    dependencies = [("courses", "0002_initial"), ("wagtailcore", "0098_apitoken")]

    operations = [migrations.RunPython(add, remove)]

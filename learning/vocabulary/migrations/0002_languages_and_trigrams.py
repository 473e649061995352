"""The languages that every dictionary begins with; on PostgreSQL an index that finds words in spite of a slip."""

from typing import Any

from django.db import migrations


def add(apps: Any, schema_editor: Any) -> None:
    from learning.vocabulary.defaults import add_languages

    add_languages(apps)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        schema_editor.execute(
            "CREATE INDEX vocabulary_lexeme_trigrams ON vocabulary_lexeme USING gin (folded gin_trgm_ops)"
        )


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX vocabulary_lexeme_trigrams")


class Migration(migrations.Migration):
    dependencies = [("vocabulary", "0001_dictionary")]

    operations = [migrations.RunPython(add, drop)]

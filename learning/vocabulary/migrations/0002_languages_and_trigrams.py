"""The languages that every dictionary begins with; on PostgreSQL indexes for search.

One finds words in spite of a slip; the others give words and translations that begin alike in the order of their
characters, whatever the collation of the database is.
"""

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
        for table in ("lexeme", "translation"):
            schema_editor.execute(
                f'CREATE INDEX vocabulary_{table}_begins ON vocabulary_{table} (folded COLLATE "C", id)'
            )


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name in ("lexeme_trigrams", "lexeme_begins", "translation_begins"):
            schema_editor.execute(f"DROP INDEX vocabulary_{name}")


class Migration(migrations.Migration):
    dependencies = [("vocabulary", "0001_dictionary")]

    operations = [migrations.RunPython(add, drop)]

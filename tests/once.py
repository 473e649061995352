"""Marks of tests of which once is enough: `make test` runs each of them on one kind of database only.

The rest of the suite runs on both. By themselves, and where there is no PostgreSQL, all of them run on SQLite.
"""

import os

import pytest

ONCE = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="asks nothing of the database: once is enough")
# They take minutes and ask rules that no database knows of: once is enough, on what production runs.
ON_POSTGRESQL = pytest.mark.skipif("POSTGRESQL_FOLLOWS" in os.environ, reason="runs on PostgreSQL, which follows")

"""The mark of tests of which once is enough: `make test` runs them on SQLite only, the rest on both databases."""

import os

import pytest

ONCE = pytest.mark.skipif(
    "DATABASE_URL" in os.environ, reason="asks no rule of a kind of database, or takes minutes: once is enough"
)

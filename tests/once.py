"""The mark of tests that ask nothing of the database: `make test` runs them on SQLite only."""

import os

import pytest

ONCE = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="asks nothing of the database: once is enough")

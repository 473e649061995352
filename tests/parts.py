"""Which tests `make test` runs on which database.

Everything runs on PostgreSQL and Redis, on which schools run. SQLite, on which one tries Parta, runs again what may
differ there: the queries that we compile, locks and conflicts, searches, sizes of numbers, imports, counted queries.
The environment variable `TESTS_OF` names the database whose part is wanted; without it every test runs.
"""

import os

import pytest

ONCE = pytest.mark.once  # asks no rule of a kind of database, starts servers of its own, or takes minutes

DIFFERS_ON_SQLITE = (
    "tests/api/test_api.py",
    "tests/base/",
    "tests/chat/test_access.py",
    "tests/chat/test_edges.py",
    "tests/chat/test_posting.py",
    "tests/chat/test_room_feed.py",
    "tests/chat/test_standings.py",
    "tests/courses/test_whole.py",
    "tests/enrollment/test_door.py",
    "tests/enrollment/test_enroll.py",
    "tests/enrollment/test_groups.py",
    "tests/enrollment/test_progress.py",
    "tests/enrollment/test_seats_race.py",
    "tests/exchange/test_exchange.py",
    "tests/exchange/test_packages.py",
    "tests/exchange/test_people_import.py",
    "tests/home/",
    "tests/jobs/",
    "tests/library/",
    "tests/teaching/test_following.py",
    "tests/tutoring/",
    "tests/vocabulary/test_deck.py",
    "tests/vocabulary/test_dictionary.py",
    "tests/vocabulary/test_imports.py",
    "tests/vocabulary/test_merging.py",
    "tests/vocabulary/test_words_pages.py",
    "tests/test_budgets.py",
    "tests/test_input.py",
)


def runs_here(item: pytest.Item) -> bool:
    """Whether this test belongs to the part of the run that `TESTS_OF` names."""
    if os.environ.get("TESTS_OF") != "sqlite":
        return True
    if any(item.get_closest_marker(name) for name in ("once", "browser", "stack")):
        return False
    return item.nodeid.startswith(DIFFERS_ON_SQLITE)

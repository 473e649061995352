"""The chat loses, doubles and reorders nothing while its servers are killed."""

import os

import pytest

from tests.chaos.plan import Options
from tests.chaos.trial import run
from tests.services import missing_services


@pytest.mark.stack
@pytest.mark.xdist_group("chaos")
@pytest.mark.skipif(bool(missing_services()), reason="needs PostgreSQL and Redis")
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="starts its own servers: once is enough")
def test_nothing_is_lost_while_servers_die() -> None:
    options = Options()
    report = run(options)
    print(report)
    assert report.is_good, str(report)
    assert report.stored == report.sent == options.messages
    assert len(report.faults) == options.faults

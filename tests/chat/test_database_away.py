"""The worker and the clock outlive a database that goes away and comes back, as the servers of the chat do."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.chaos.servers import BASE, School, manage
from tests.chat.conftest import ON_SERVERS

pytestmark = ON_SERVERS
ENQUEUE = "from learning.courses.tasks import publish_scheduled_pages as job; job.enqueue()"


@pytest.fixture
def daemons(servers: School, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    with (tmp_path / "log").open("wb") as log:
        started = [
            subprocess.Popen([sys.executable, "manage.py", name], cwd=BASE, env=servers.env, stdout=log, stderr=log)
            for name in ("work", "run_ticks")
        ]
        yield started
        for process in started:
            process.terminate()
        for process in started:
            process.wait(15)


def done(servers: School) -> int:
    query = "SELECT count(*) FROM django_tasks_database_dbtaskresult WHERE status = 'SUCCESSFUL'"
    with psycopg.connect(servers.database.url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def wait_for_more(servers: School, before: int, seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done(servers) > before:
            return True
        time.sleep(0.3)
    return False


def test_worker_and_clock_go_on_after_the_database_was_away(
    servers: School, daemons: list[subprocess.Popen[bytes]]
) -> None:
    before = done(servers)
    manage(servers.env, "shell", "-v0", "-c", ENQUEUE)
    assert wait_for_more(servers, before)
    servers.database.crash()
    time.sleep(5)
    assert [process.poll() for process in daemons] == [None, None]
    servers.database.start()
    before = done(servers)
    manage(servers.env, "shell", "-v0", "-c", ENQUEUE)
    assert wait_for_more(servers, before)
    assert [process.poll() for process in daemons] == [None, None]

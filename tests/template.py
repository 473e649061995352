"""The empty school, migrated once in a run and copied: migrating takes longer than all else at the start.

`TEST_TEMPLATE` names the file of SQLite's; beside it stands the lock, and the mark that PostgreSQL's is made. Without
it every test database is migrated by itself.
"""

import contextlib
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection

from tests.services import postgres_bin

BASE = Path(__file__).resolve().parents[1]
ON_POSTGRES = "template_parta"  # the name of its database
TEMPLATE = Path(os.environ.get("TEST_TEMPLATE", ""))


def is_used() -> bool:
    return bool(os.environ.get("TEST_TEMPLATE"))


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Of several processes one makes a template, the others wait."""
    with TEMPLATE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _made() -> Iterator[Path]:
    """The file of the template."""
    with _locked():
        if not TEMPLATE.exists():
            folder = TEMPLATE.with_suffix(".data")
            migrate(folder)
            (folder / "db.sqlite3").rename(TEMPLATE)
            shutil.rmtree(folder)
    yield TEMPLATE


def migrate(folder: Path, **env: str) -> None:
    """Migrate the database of a school whose data are in this folder, as at an installation."""
    kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    own = {"PARTA_DATA": str(folder), "PYTHONPATH": f"{BASE}/site:{BASE}", **env}
    subprocess.run([sys.executable, str(BASE / "manage.py"), "migrate", "-v0"], env={**kept, **own}, check=True)


def lay_school(folder: Path) -> None:
    """Put the empty school into this folder, where `PARTA_DATA` is to be: copied, or migrated without a template."""
    if not is_used():
        migrate(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _made() as template:
        shutil.copy(template, folder / "db.sqlite3")


def open_in_memory() -> None:
    """Open a test database in memory, as Django would, filled from the template."""
    connection.close()
    name = connection.creation._get_test_db_name()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    connection.ensure_connection()
    with _made() as template, contextlib.closing(sqlite3.connect(template)) as source:
        source.backup(connection.connection)


@contextlib.contextmanager
def _made_on_postgres() -> Iterator[None]:
    """The template database of PostgreSQL is there; the lock is held."""
    with _locked():
        mark = TEMPLATE.with_suffix(".postgres")
        if not mark.exists():
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
                server.execute(f'CREATE DATABASE "{ON_POSTGRES}"')
            migrate(mark.with_suffix(".data"), DATABASE_URL=_url_of_postgres())
            mark.touch()
        yield


def _url_of_postgres() -> str:
    return f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{ON_POSTGRES}"


def open_on_postgres() -> None:
    """Open a test database that is a copy of the template database, which the first process migrates."""
    connection.close()
    name = connection.creation._get_test_db_name()
    with _made_on_postgres(), connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{ON_POSTGRES}"')
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def restore(url: str) -> bool:
    """Fill the empty database of another PostgreSQL from the template database; False where there is none."""
    programs = postgres_bin()
    if not (is_used() and programs and os.environ.get("DATABASE_URL", "").startswith("postgres")):
        return False
    with _made_on_postgres():
        dump = subprocess.run([programs / "pg_dump", "-O", _url_of_postgres()], stdout=subprocess.PIPE, check=True)
    restoring = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", url]
    subprocess.run(restoring, input=dump.stdout, stdout=subprocess.DEVNULL, check=True)
    return True

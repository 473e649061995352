"""Makes a school once and gives every later test a copy: its rows are put back by SQL, which is many times faster.

A copy is what the project's own code has written the first time, row by row: nothing is made up here.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import connection
from wagtail.models import Page

Rows = dict[Any, tuple[Any, ...]]  # by primary key


@dataclass(frozen=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: int  # the place of the primary key


@dataclass(frozen=True)
class _Snapshot:
    rows: list[tuple[_Table, list[Any], list[tuple[Any, ...]]]]  # of each table: keys that go, rows that come
    objects: Any
    outbox: list[Any]


def _tables() -> list[_Table]:
    found = []
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            key = connection.introspection.get_primary_key_column(cursor, name)
            if key is not None:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)} WHERE 1 = 0")  # noqa: S608  (names of our own tables)
                columns = tuple(column[0] for column in cursor.description)
                found.append(_Table(name, columns, columns.index(key)))
    return found


def _rows(table: _Table) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table.name)}")  # noqa: S608  (names of our own tables)
        return {row[table.key]: row for row in cursor.fetchall()}


def _bound(value: Any) -> Any:
    """The value as the driver of the database takes it: that of SQLite knows no times of day."""
    return value.isoformat() if isinstance(value, time) and connection.vendor == "sqlite" else value


def _ground() -> tuple[Any, ...]:
    """What a copy stands on: it fits only there."""
    return tuple(
        pk for model in (Group, Page, ContentType) for pk in model.objects.order_by("pk").values_list("pk", flat=True)
    )


class Copied:
    """`Copied(make)()` is what `make` makes, with all its rows in the database."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self._snapshots: dict[tuple[Any, ...], _Snapshot] = {}

    def __call__(self) -> Any:
        ground = _ground()
        if ground not in self._snapshots:
            return self._make(ground)
        snapshot = self._snapshots[ground]
        with connection.cursor() as cursor:
            for table, gone, come in snapshot.rows:
                name, quote = connection.ops.quote_name(table.name), connection.ops.quote_name
                if gone:
                    places = ", ".join(["%s"] * len(gone))
                    cursor.execute(f"DELETE FROM {name} WHERE {quote(table.columns[table.key])} IN ({places})", gone)  # noqa: S608  (names of our own tables)
                columns = ", ".join(map(quote, table.columns))
                places = ", ".join(["%s"] * len(table.columns))
                rows = [tuple(_bound(value) for value in row) for row in come]
                cursor.executemany(f"INSERT INTO {name} ({columns}) VALUES ({places})", rows)  # noqa: S608  (names of our own tables)
        mail.outbox += deepcopy(snapshot.outbox)
        return deepcopy(snapshot.objects)

    def _make(self, ground: tuple[Any, ...]) -> Any:
        tables = _tables()
        before = {table.name: _rows(table) for table in tables}
        sent = len(mail.outbox)
        made = self.make()
        changes = []
        for table in tables:
            then, now = before[table.name], _rows(table)
            come = [row for key, row in now.items() if then.get(key) != row]
            gone = [key for key, row in then.items() if now.get(key) != row]
            if come or gone:
                changes.append((table, gone, come))
        self._snapshots[ground] = _Snapshot(changes, deepcopy(made), deepcopy(mail.outbox[sent:]))
        return made

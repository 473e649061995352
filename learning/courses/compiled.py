"""Querysets whose SQL is written once.

For a query of a page that is opened all day, most of the time goes into writing the same SQL
again. A `CompiledQuery` lets Django write it once for each shape of its arguments and each kind of
database, and then only puts in the values. It gives rows of plain values.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

_BASE = 1_900_000_000  # marks are numbers that fit a column and that nobody uses
_LATE = datetime(9000, 1, 1, tzinfo=UTC)


class _Written(NamedTuple):
    """A query as SQL."""

    sql: str
    parameters: list[tuple[bool, Any]]  # an argument's place, or a constant
    converters: list[tuple[int, list[Any], Any]]  # a column, and what makes its value of what the driver gives


class CompiledQuery:
    """`build(*arguments)` gives a queryset of `values_list`.

    An argument is an int, a str, a UUID, an aware datetime, or a list of one of these.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self._written: dict[tuple[Any, ...], _Written] = {}

    def rows(self, *arguments: Any) -> list[tuple[Any, ...]]:
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (connection.vendor, *(len(a) if isinstance(a, list) else type(a) for a in arguments))
        if any(a == [] for a in arguments):
            return []
        written = self._written.get(shape)
        if written is None:
            written = self._written[shape] = self._write(connection, arguments)
        values = [_adapted(connection, value) for value in _flat(arguments)]
        with connection.cursor() as cursor:
            cursor.execute(
                written.sql, [values[what] if is_argument else what for is_argument, what in written.parameters]
            )
            rows = cursor.fetchall()
        return _converted(connection, rows, written.converters) if written.converters else rows

    def _write(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> _Written:
        marks: list[Any] = []

        def mark(value: Any) -> Any:
            made = _mark(value, len(marks))
            marks.append(_adapted(connection, made))
            return made

        marked = [[mark(v) for v in a] if isinstance(a, list) else mark(a) for a in arguments]
        compiler = self.build(*marked).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        places = [(True, marks.index(p)) if p in marks else (False, p) for p in parameters]
        if {what for is_argument, what in places if is_argument} != set(range(len(marks))):
            raise ValueError("Each argument must stand in the query as it is.")
        columns = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        return _Written(sql, places, [(place, found, column) for place, (found, column) in columns.items()])


def _converted(
    connection: BaseDatabaseWrapper, rows: Iterable[tuple[Any, ...]], converters: list[tuple[int, list[Any], Any]]
) -> list[tuple[Any, ...]]:
    found = []
    for row in rows:
        values = list(row)
        for place, steps, column in converters:
            for step in steps:
                values[place] = step(values[place], column, connection)
        found.append(tuple(values))
    return found


def _mark(value: Any, place: int) -> Any:
    """A value of the same type that no query has by itself."""
    if isinstance(value, datetime):
        return _LATE + timedelta(days=place)
    if isinstance(value, UUID):
        return UUID(int=_BASE + place)
    return _BASE + place if isinstance(value, int) else f"\x01{place}"


def _adapted(connection: BaseDatabaseWrapper, value: Any) -> Any:
    """The value as this kind of database has it among its parameters."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _flat(arguments: Iterable[Any]) -> Iterable[Any]:
    for argument in arguments:
        if isinstance(argument, list):
            yield from argument
        else:
            yield argument

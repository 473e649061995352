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
from django.db.models import IntegerField, QuerySet

import learning.base.lookups  # noqa: F401  (registers `__among`)

_BASE = 1_900_000_000  # marks are numbers that fit a column and that nobody uses
_LATE = datetime(9000, 1, 1, tzinfo=UTC)


class _Written(NamedTuple):
    """A query as SQL."""

    sql: str
    parameters: list[tuple[str, Any]]  # the place of a value or of a whole argument, or a constant
    converters: list[tuple[int, list[Any], Any]]  # a column, and what makes its value of what the driver gives


class CompiledQuery:
    """`build(*arguments)` gives a queryset of `values_list`.

    An argument is an int, a str, a UUID, an aware datetime, or a list of one of these; a list may stand in the query
    by `__in` or by `__among`, which PostgreSQL takes as one parameter.
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
        wholes = [_adapted_all(connection, argument) for argument in arguments]
        values = [value for whole in wholes for value in whole]
        found = {"value": values.__getitem__, "whole": wholes.__getitem__, "constant": lambda constant: constant}
        with connection.cursor() as cursor:
            cursor.execute(written.sql, [found[kind](what) for kind, what in written.parameters])
            rows = cursor.fetchall()
        return _converted(connection, rows, written.converters) if written.converters else rows

    def _write(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> _Written:
        marks: list[Any] = []
        wholes: list[list[Any]] = []

        def mark(argument: Any) -> Any:
            made = [_mark(value, len(marks) + n) for n, value in enumerate(_as_list(argument))]
            wholes.append(_adapted_all(connection, made))
            marks.extend(wholes[-1])
            return made if isinstance(argument, list) else made[0]

        def place_of(parameter: Any) -> tuple[str, Any]:
            if isinstance(parameter, list) and parameter in wholes:
                return "whole", wholes.index(parameter)
            is_mark = not isinstance(parameter, list) and parameter in marks
            return ("value", marks.index(parameter)) if is_mark else ("constant", parameter)

        compiler = self.build(*map(mark, arguments)).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        places = [place_of(parameter) for parameter in parameters]
        whole = {what for kind, what in places if kind == "whole"}
        single = {marks[what] for kind, what in places if kind == "value"}
        if any(n not in whole and not single.issuperset(made) for n, made in enumerate(wholes)):
            raise ValueError("Each argument must stand in the query as it is.")
        columns = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        # numbers are numbers with every driver
        needed = {n: found for n, found in columns.items() if not isinstance(found[1].output_field, IntegerField)}
        return _Written(sql, places, [(n, steps, column) for n, (steps, column) in needed.items()])


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


def _as_list(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _adapted_all(connection: BaseDatabaseWrapper, argument: Any) -> list[Any]:
    values = _as_list(argument)
    return values if isinstance(values[0], int | str) else [_adapted(connection, value) for value in values]

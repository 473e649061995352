"""Querysets whose SQL is written once.

For a query of a page that is opened all day, most of the time goes into writing the same SQL
again. A `CompiledQuery` lets Django write it once for each shape of its arguments and each kind of
database, and then only puts in the values. It gives plain rows, as the database driver has them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

_BASE = 1_900_000_000  # marks are numbers that fit a column and that nobody uses


class CompiledQuery:
    """`build(*arguments)` gives a queryset of `values_list`; an argument is an int, a str or a list of either."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self._written: dict[tuple[Any, ...], tuple[str, list[tuple[bool, Any]]]] = {}

    def rows(self, *arguments: Any) -> list[tuple[Any, ...]]:
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (connection.vendor, *(len(a) if isinstance(a, list) else type(a) for a in arguments))
        if any(a == [] for a in arguments):
            return []
        if shape not in self._written:
            self._written[shape] = self._write(arguments)
        sql, places = self._written[shape]
        values = list(_flat(arguments))
        with connection.cursor() as cursor:
            cursor.execute(sql, [values[what] if is_argument else what for is_argument, what in places])
            return cursor.fetchall()

    def _write(self, arguments: Iterable[Any]) -> tuple[str, list[tuple[bool, Any]]]:
        """The SQL, and for each of its parameters: an argument's place, or a constant."""
        marks: list[Any] = []

        def mark(value: Any) -> Any:
            marks.append(_BASE + len(marks) if isinstance(value, int) else f"\x01{len(marks)}")
            return marks[-1]

        marked = [[mark(v) for v in a] if isinstance(a, list) else mark(a) for a in arguments]
        sql, parameters = self.build(*marked).query.sql_with_params()
        places = [(True, marks.index(p)) if p in marks else (False, p) for p in parameters]
        if {what for is_argument, what in places if is_argument} != set(range(len(marks))):
            raise ValueError("Each argument must stand in the query as it is.")
        return sql, places


def _flat(arguments: Iterable[Any]) -> Iterable[Any]:
    for argument in arguments:
        if isinstance(argument, list):
            yield from argument
        else:
            yield argument

"""Statements whose SQL Django compiles only once.

The query of a page that is opened all day spends most of its time on compiling the same SQL again. A `CompiledQuery`
compiles it once for each shape of its arguments and each kind of database, and then only fills in the values. It
returns rows of plain values. `CompiledUpdate` and `CompiledInsert` do the same for what every chat message writes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg._queries
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, IntegerField, Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

import learning.base.lookups  # noqa: F401  (registers `__among`)

_BASE = 1_900_000_000  # marks (values that stand for arguments) fit an integer column, and no id comes near
_LATE = datetime(9000, 1, 1, tzinfo=UTC)

# psycopg splits a statement at its placeholders and caches the parts, but only up to this length, since long statements
# rarely repeat. Ours do: the query of who may be in a room has 6 KB.
psycopg._queries.MAX_CACHED_STATEMENT_LENGTH = 16 * 1024


@contextmanager
def in_one_trip() -> Iterator[None]:
    """Send the statements of this block to PostgreSQL in one round trip, without waiting for each answer.

    They run in order. The answers are read when rows are first asked for, or at the end; errors of the database are
    raised there too. Other databases answer each statement at once.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    # errors come when the pipeline ends, outside Django's cursors: wrapped here, they are Django's IntegrityError again
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def _sent(connection: BaseDatabaseWrapper, sql: str, parameters: Sequence[Any]) -> Callable[[], list[tuple[Any, ...]]]:
    """Send a statement and return a function that gives its rows; only PostgreSQL can fetch them later."""
    cursor = connection.cursor()
    cursor.execute(sql, parameters)

    def rows() -> list[tuple[Any, ...]]:
        with cursor:
            return cursor.fetchall()  # type: ignore[no-any-return]

    if connection.vendor == "postgresql":
        return rows
    found = rows()
    return lambda: found


class _Written(NamedTuple):
    """A compiled statement."""

    sql: str
    parameters: list[tuple[str, Any]]  # the place of a value or of a whole argument, or a constant
    converters: list[tuple[int, list[Any], Any]]  # column number, converters of its value, expression


class _Compiled:
    """A statement that `build(*arguments)` describes.

    An argument is an int, a float, a str, a UUID, a date, an aware datetime, None, or a list of one of these; a list
    may be used with `__in`, or with `__among`, which PostgreSQL takes as one parameter. None is allowed where the
    statement then says NULL, as in the values of an UPDATE.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self._written: dict[tuple[Any, ...], _Written] = {}

    def _compiler(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> SQLCompiler:
        """Return the SQL compiler of this statement."""
        raise NotImplementedError

    def _statement(self, connection: BaseDatabaseWrapper, arguments: Sequence[Any]) -> tuple[_Written, list[Any]]:
        """Return the compiled statement for arguments of this shape, and its parameters with these values."""
        # a list counts by its length, since `IN` has a placeholder for each value
        shape = (connection.vendor, *(len(a) if isinstance(a, list) else type(a) for a in arguments))
        written = self._written.get(shape)
        # no lock: two threads that find nothing write the same SQL
        if written is None:
            written = self._written[shape] = self._write(connection, arguments)
        wholes = [_adapted_all(connection, argument) for argument in arguments]
        values = [value for whole in wholes for value in whole]
        found = {"value": values.__getitem__, "whole": wholes.__getitem__, "constant": lambda constant: constant}
        return written, [found[kind](what) for kind, what in written.parameters]

    def _write(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> _Written:
        marks: list[Any] = []
        wholes: list[list[Any]] = []

        def mark(argument: Any) -> Any:
            made = [_mark(value, len(marks) + n) for n, value in enumerate(_as_list(argument))]
            # as the database has them: SQLite's parameters hold text for a datetime and hex for a UUID
            wholes.append(_adapted_all(connection, made))
            marks.extend(wholes[-1])
            return made if isinstance(argument, list) else made[0]

        def place_of(parameter: Any) -> tuple[str, Any]:
            if isinstance(parameter, list) and parameter in wholes:
                return "whole", wholes.index(parameter)
            is_mark = parameter is not None and not isinstance(parameter, list) and parameter in marks
            return ("value", marks.index(parameter)) if is_mark else ("constant", parameter)

        compiler = self._compiler(connection, [mark(argument) for argument in arguments])
        sql, parameters = compiler.as_sql()
        places = [place_of(parameter) for parameter in parameters]
        whole = {what for kind, what in places if kind == "whole"}
        single = {marks[what] for kind, what in places if kind == "value"}
        # lookups such as `icontains` change an argument: its mark would then stay in the statement as a constant
        missing = [made for n, made in enumerate(wholes) if n not in whole and not single.issuperset(made)]
        if any(made != [None] for made in missing):
            raise ValueError("Each argument must stand in the statement as it is.")
        return _Written(sql, places, self._converters(compiler))

    def _converters(self, compiler: SQLCompiler) -> list[tuple[int, list[Any], Any]]:
        return []


class CompiledQuery(_Compiled):
    """A SELECT: `build(*arguments)` returns a queryset made with `values_list`."""

    def rows(self, *arguments: Any) -> list[tuple[Any, ...]]:
        return self.start(*arguments)()

    def start(self, *arguments: Any) -> Callable[[], list[tuple[Any, ...]]]:
        """Send the query and return a function that gives its rows, for several queries in one `in_one_trip`."""
        # Django refuses to compile an empty `IN` (EmptyResultSet): there are no rows, and `list()` gives none
        if any(a == [] for a in arguments):
            return list
        connection = connections[DEFAULT_DB_ALIAS]
        written, parameters = self._statement(connection, arguments)
        answer = _sent(connection, written.sql, parameters)
        if not written.converters:
            return answer
        return lambda: _converted(connection, answer(), written.converters)

    def _compiler(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> SQLCompiler:
        return self.build(*arguments).query.get_compiler(connection=connection)

    def _converters(self, compiler: SQLCompiler) -> list[tuple[int, list[Any], Any]]:
        columns = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        # every driver returns integers as they are: skipping their converters saves time on each row
        return [
            (n, steps, column)
            for n, (steps, column) in columns.items()
            if not isinstance(column.output_field, IntegerField)
        ]


class CompiledUpdate(_Compiled):
    """An UPDATE: `build` returns the queryset of the rows; `fields` are the names of the fields to set."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *fields: str) -> None:
        super().__init__(build)
        self._fields = fields

    def run(self, *arguments: Any) -> None:
        """Run the update: first the values of the fields, then the arguments of `build`."""
        connection = connections[DEFAULT_DB_ALIAS]
        written, parameters = self._statement(connection, arguments)
        with connection.cursor() as cursor:
            cursor.execute(written.sql, parameters)

    def _compiler(self, connection: BaseDatabaseWrapper, arguments: Iterable[Any]) -> SQLCompiler:
        found = list(arguments)
        count = len(self._fields)
        query: Any = self.build(*found[count:]).query.chain(UpdateQuery)
        query.add_update_values(dict(zip(self._fields, found[:count], strict=True)))
        return query.get_compiler(connection=connection)


class CompiledInsert:
    """An INSERT of model objects with all their fields except a primary key that the database generates.

    With `unique`, a row that has the same values in these fields gets the `update` fields instead, and the object gets
    no key. Several objects at once use Django's `bulk_create`, which compiles one statement for all of them.
    """

    def __init__(self, model: type[Model], unique: Sequence[str] = (), update: Sequence[str] = ()) -> None:
        self._model, self._unique, self._update = model, list(unique), list(update)
        self._is_generated = isinstance(model._meta.pk, AutoField)
        self._fields = [f for f in model._meta.concrete_fields if not (f.primary_key and self._is_generated)]
        self._written: dict[str, str] = {}

    def insert(self, found: Sequence[Any]) -> None:
        self.start(found)()

    def start(self, found: Sequence[Any]) -> Callable[[], None]:
        """Send the objects and return a function that sets their keys, for several statements in one `in_one_trip`."""
        if len(found) != 1:
            conflicts: dict[str, Any] = {}
            if self._unique:
                conflicts = {"update_conflicts": True, "unique_fields": self._unique, "update_fields": self._update}
            self._model._default_manager.bulk_create(found, **conflicts)
            return lambda: None
        connection, item = connections[DEFAULT_DB_ALIAS], found[0]
        sql = self._written.get(connection.vendor)
        if sql is None:
            sql = self._written[connection.vendor] = self._write(connection, item)
        values = [field.get_db_prep_save(field.pre_save(item, add=True), connection) for field in self._fields]
        item._state.adding, item._state.db = False, connection.alias
        if self._unique or not self._is_generated:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
            return lambda: None
        answer = _sent(connection, sql, values)

        def set_key() -> None:
            ((item.pk,),) = answer()

        return set_key

    def _write(self, connection: BaseDatabaseWrapper, item: Model) -> str:
        fields = {field.name: field for field in self._fields}
        conflict: dict[str, Any] = {}
        if self._unique:
            conflict = {
                "on_conflict": OnConflict.UPDATE,
                "unique_fields": [fields[name] for name in self._unique],
                "update_fields": [fields[name] for name in self._update],
            }
        query = InsertQuery(self._model, **conflict)
        query.insert_values(self._fields, [item])
        compiler = query.get_compiler(connection=connection)
        compiler.returning_fields = [self._model._meta.pk] if self._is_generated and not self._unique else None
        ((sql, _parameters),) = compiler.as_sql()
        return str(sql)


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
    """Return a value of the same type that does not occur in a query by itself."""
    if isinstance(value, datetime):
        return _LATE + timedelta(days=place)
    if isinstance(value, date):
        return _LATE.date() + timedelta(days=place)
    if isinstance(value, UUID):
        return UUID(int=_BASE + place)
    if value is None:
        return None
    if isinstance(value, float):
        return float(_BASE + place)
    return _BASE + place if isinstance(value, int) else f"\x01{place}"


def _adapted(connection: BaseDatabaseWrapper, value: Any) -> Any:
    """Return the value as this kind of database expects it among the parameters."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _as_list(argument: Any) -> list[Any]:
    return argument if isinstance(argument, list) else [argument]


def _adapted_all(connection: BaseDatabaseWrapper, argument: Any) -> list[Any]:
    values = _as_list(argument)
    return values if isinstance(values[0], int | str) else [_adapted(connection, value) for value in values]

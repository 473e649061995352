"""Everything that the school stores about a person: as an archive, and as a page.

Each app registers the sections about its own tables in `personal_data.py`. What an app deletes when a person is
anonymised is in its hook `forget_person`.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from learning.accounts.models import User

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DataSection:
    """One kind of rows about a person, such as their sessions."""

    code: str  # its name in the JSON
    title: Any
    rows: Callable[[User], Sequence[Row]]
    columns: Mapping[str, Any]  # headings of what the page shows; ids are left to the JSON
    words: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)  # of a column's codes, for the page
    cells: Callable[[Sequence[Row]], list[list[str]]] | None = (
        None  # the whole table of the page, where that is not enough
    )
    is_single: bool = False  # one row, which stands in the JSON without a list


@dataclass(frozen=True, slots=True)
class Table:
    """A section as the page shows it."""

    title: Any
    headings: list[Any]
    rows: list[list[str]]


_sections: dict[str, DataSection] = {}
_orders: dict[str, int] = {}


def register_data(*sections: DataSection, order: int) -> None:
    """Add the sections of an app, when Django starts; `order` is the place of the app among the others."""
    _orders.update((section.code, order) for section in sections)
    _sections.update((section.code, section) for section in sections)
    in_order = sorted(_sections.items(), key=lambda item: _orders[item[0]])
    _sections.clear()
    _sections.update(in_order)


def rows_of(queryset: QuerySet[Any], *fields: str) -> list[Row]:
    """These columns of the rows, oldest first."""
    return list(queryset.order_by("pk").values(*fields))


def collect(person: User) -> dict[str, Any]:
    """Every row about this person, by section; times in UTC."""
    found: dict[str, Any] = {}
    for code, section in _sections.items():
        rows = section.rows(person)
        found[code] = rows[0] if section.is_single else rows
    return found


def as_tables(data: Mapping[str, Any]) -> list[Table]:
    """Return the sections of `collect` that are not empty, as tables of text."""
    return [table for code, value in data.items() if (table := _table(_sections[code], value)).rows]


def _table(section: DataSection, value: Any) -> Table:
    rows: Sequence[Row] = [value] if section.is_single else value
    headings = list(section.columns.values())
    if section.cells is not None:
        return Table(section.title, headings, section.cells(rows))
    cells = [[_cell(row[name], section.words.get(name)) for name in section.columns] for row in rows]
    return Table(section.title, headings, cells)


def _cell(value: Any, words: Callable[[Any], Any] | None) -> str:
    if value is None or value == "":
        return "–"
    return str(words(value)) if words is not None else in_words(value)


def in_words(value: Any) -> str:
    """Return a value as text for people."""
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return "\n".join(in_words(part) for part in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(in_words(part) for part in value)
    return str(value)


def as_archive(person: User) -> bytes:
    """A ZIP with `data.json` for programs, `data.html` for people, and the person's picture."""
    buffer = io.BytesIO()
    data = collect(person)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        archive.writestr("data.json", text)
        page = {"person": person, "sections": as_tables(data), "language": get_language()}
        archive.writestr("data.html", render_to_string("accounts/data.html", page))
        for name, content in _files(person):
            archive.writestr(name, content)
    return buffer.getvalue()


def _files(person: User) -> Iterator[tuple[str, bytes]]:
    if person.avatar:
        try:
            with person.avatar.open("rb") as file:
                yield "picture.webp", file.read()
        except FileNotFoundError:
            return

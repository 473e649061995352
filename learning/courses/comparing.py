"""Comparison of two versions of a table: it is shown as a table in which the changed cells are marked."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from wagtail.admin.compare import BlockComparison, diff_text

Row = tuple[str, ...]


def _rows(value: Any) -> list[Row]:
    return [tuple("" if cell is None else str(cell) for cell in row) for row in (value or {}).get("data") or ()]


def _table(rows: Iterator[SafeString]) -> SafeString:
    return format_html(
        "<table class='listing'><tbody>{}</tbody></table>", format_html_join("", "{}", ((r,) for r in rows))
    )


def _row(cells: Iterator[Any] | Row, change: str = "") -> SafeString:
    return format_html(
        "<tr class='{}'>{}</tr>", change, format_html_join("", "<td>{}</td>", ((cell,) for cell in cells))
    )


class TableComparison(BlockComparison):
    def htmlvalue(self, val: Any) -> SafeString:
        return _table(_row(row) for row in _rows(val))

    def htmldiff(self) -> SafeString:
        return _table(self._changes(_rows(self.val_a), _rows(self.val_b)))

    def _changes(self, before: list[Row], after: list[Row]) -> Iterator[SafeString]:
        """Yield the rows of both versions: unchanged, changed cell by cell, added or removed."""
        # autojunk would ignore a row that is often repeated in a table of 200 rows or more
        for _tag, a_from, a_to, b_from, b_to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            for a, b in zip_longest(before[a_from:a_to], after[b_from:b_to]):
                if a is None:
                    yield _row(b, "addition")
                elif b is None:
                    yield _row(a, "deletion")
                else:
                    yield _row(_cell(x, y) for x, y in zip_longest(a, b, fillvalue=""))


def _cell(before: str, after: str) -> SafeString:
    # both ways escape what an author typed (promise 17); diff_text also marks the change inside the cell
    return escape(after) if before == after else diff_text(before, after).to_html()

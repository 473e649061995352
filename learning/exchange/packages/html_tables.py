"""Imported HTML tables: tables of data become a grid of plain text, layout tables do not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

COLUMNS_MAX = 60
CELLS_MAX = 5_000
# a table with one of these in a cell is used for layout
ARRANGED = ("table", "img", "iframe", "video", "audio", "embed", "object", "ul", "ol", "dl", "pre", "blockquote")
HEADS = ("h1", "h2", "h3", "h4", "h5", "h6")


@dataclass
class Grid:
    rows: list[list[str]] = field(default_factory=list)
    caption: str = ""
    outside: list[str] = field(default_factory=list)  # words between the cells
    has_head: bool = False
    has_column: bool = False


def _own_rows(table: Any) -> list[Any]:
    """The rows of this table and of no table inside it."""
    rows = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows += [row for row in child if row.tag == "tr"]
    return rows


def _span(cell: Any, name: str) -> int:
    value = str(cell.get(name) or "1").strip()
    # a `rowspan` of a million would fill the memory; Python's `int` refuses thousands of digits with an error
    return min(COLUMNS_MAX, max(1, int(value))) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def _placed(rows: list[Any], words: Callable[[Any], str | None]) -> list[list[str]] | None:
    """The words of all cells at their places; None where there are too many, or a cell cannot be plain words."""
    taken: dict[int, set[int]] = {}
    placed: list[dict[int, str]] = []
    for number, row in enumerate(rows):
        here: dict[int, str] = {}
        column = 0
        for cell in (cell for cell in row if cell.tag in ("td", "th")):
            while column in taken.get(number, ()):
                column += 1
            said = words(cell)
            if said is None or column >= COLUMNS_MAX:
                return None
            here[column] = said
            for below in range(_span(cell, "rowspan")):
                taken.setdefault(number + below, set()).update(range(column, column + _span(cell, "colspan")))
            column += _span(cell, "colspan")
        placed.append(here)
    width = max((max(here, default=-1) + 1 for here in placed), default=0)
    # a table of one column holds no data: it only arranges the page
    if width < 2 or width * len(placed) > CELLS_MAX:
        return None
    return [[here.get(column, "") for column in range(width)] for here in placed]


def grid_of(table: Any, words: Callable[[Any], str | None]) -> Grid | None:
    """Return the grid of a data table; None for a layout table. `words` returns the words of a cell."""
    rows = _own_rows(table)
    if next(table.iterdescendants(*ARRANGED, *HEADS), None) is not None:
        return None
    data = _placed(rows, words)
    if data is None:
        return None
    grid = Grid()
    for child in table:
        if child.tag == "caption":
            grid.caption = " ".join("".join(child.itertext()).split())
    places = [table, *(child for child in table if child.tag in ("thead", "tbody", "tfoot")), *rows]
    loose = [piece for place in places for piece in (place.text, *(child.tail for child in place))]
    grid.outside = [" ".join(piece.split()) for piece in loose if piece and piece.strip()]
    if grid.caption and grid.outside:
        grid.outside.insert(0, grid.caption)
        grid.caption = ""
    kept = [(cells, row) for cells, row in zip(data, rows, strict=True) if any(cells)]
    grid.rows = [cells for cells, _row in kept]
    names = [[cell.tag for cell in row if cell.tag in ("td", "th")] for _cells, row in kept]
    grid.has_head = bool(names) and all(name == "th" for name in names[0])
    grid.has_column = not grid.has_head and bool(names) and all(row and row[0] == "th" for row in names)
    return grid

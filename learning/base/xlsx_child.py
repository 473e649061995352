"""Reads one XLSX file and writes its rows as lines of JSON. A program of its own, with limits of its own.

A small file can hold a workbook that takes its parser minutes and gigabytes. So the parser runs in a child process
that the operating system stops at a limit of CPU time and memory; its parent (see `sheet_rows`) goes on.
It imports nothing of the project, so that it starts fast.

    python xlsx_child.py FILE SECONDS
"""

import json
import resource
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

MAX_COLUMNS = 50
MAX_CELL = 1_000  # characters of a cell that are looked at
MOST_MEMORY = 512 * 1024 * 1024  # bytes of address space; tables that we accept use far less memory


def as_text(value: Any) -> str:
    """A cell as people see it: whole numbers without a point, dates without a time of 00:00."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        value = value.date() if not (value.hour or value.minute) else value
    return str(value).replace("\x00", "").strip()[:MAX_CELL]


def main(path: str, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with suppress(ValueError, OSError):  # macOS cannot limit the address space; the limit of time works there too
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    # Where a sheet does not say its size, openpyxl reads all of it to find out. We read the rows that there are.
    ReadOnlyWorksheet._get_size = lambda self: None

    # data_only: the values that the spreadsheet program stored, not the formulas
    book = load_workbook(path, read_only=True, data_only=True)
    sheet = book.worksheets[0]
    # the size that a file states can be wrong; rows beyond it would be left out
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        print(json.dumps([as_text(value) for value in row]), flush=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

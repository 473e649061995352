"""Reads one XLSX file and writes its rows as lines of JSON. A program of its own, with limits of its own.

A small file can hold a workbook that takes its parser minutes and gigabytes. So the parser runs in a child process
that the operating system stops at so many seconds and bytes; whoever asks for the rows (see `tables`) goes on.
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
MOST_MEMORY = 512 * 1024 * 1024  # bytes of addresses; what is really used stays far below for tables that we take


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
    with suppress(ValueError, OSError):  # macOS has no limit of addresses; that of time holds there too
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    from openpyxl import load_workbook
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    # Where a sheet does not say its size, openpyxl reads all of it to find out. We read the rows that there are.
    ReadOnlyWorksheet._get_size = lambda self: None

    book = load_workbook(path, read_only=True, data_only=True)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    for row in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        print(json.dumps([as_text(value) for value in row]), flush=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Reading tables that people upload: CSV and XLSX, row by row, as text."""

import codecs
import csv
import io
import json
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from learning.base.xlsx_child import MAX_COLUMNS, as_text

PEEK, WHOLE = 2, 60  # CPU seconds: for the first rows, shown on a page, and for all rows, read in a job
MAX_ROWS = 50_000
CHILD = Path(__file__).with_name("xlsx_child.py")
SAMPLE = 8192

log = logging.getLogger("parta.sheets")


def _text_of(file: IO[bytes]) -> io.TextIOWrapper:
    """Return the file as text: UTF-8, or else cp1251, which Excel writes in Russian."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # in pieces, so that a large table is never in memory as a whole; the decoder joins a letter cut in two
        while chunk := file.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "cp1251"
    file.seek(0)
    # cp1251 leaves one byte (0x98) undefined: one odd letter must not cost the whole table
    return io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def _csv_rows(file: IO[bytes]) -> Iterator[list[Any]]:
    text = _text_of(file)
    sample = text.read(SAMPLE)
    text.seek(0)
    first = sample.splitlines()[0] if sample else ""
    # Excel writes `;` in French and Russian, and `,` in English: the headings tell which one it is here
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(text, delimiter=delimiter)
    except csv.Error as error:
        raise ValidationError(_("This table cannot be read: %(why)s.") % {"why": error}) from error
    finally:
        if not file.closed:
            text.detach()  # the file is the caller's to close


def _xlsx_rows(file: IO[bytes], seconds: int) -> Iterator[list[Any]]:
    """Yield the rows, read by a child process that may use at most `seconds` of CPU time."""
    # the child needs a path, and a small upload exists only in memory
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        # -P: the child must not find the modules beside it, such as `numbers`, in place of those of the library
        command = [sys.executable, "-P", str(CHILD), copy.name, str(seconds)]
        # nobody reads stderr: a pipe would fill up and block the child
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:  # noqa: S603  (our own program)
            assert child.stdout is not None  # noqa: S101  (a pipe was asked for)
            try:
                for line in child.stdout:
                    if not line.endswith("\n"):
                        break  # the child was stopped while it wrote
                    yield json.loads(line)
                if code := child.wait():
                    log.info("A workbook was not read to its end: the reader ended with %s.", code)
                    raise ValidationError(_("This table cannot be read: it is damaged, or takes too long."))
            finally:
                # also when the caller has stopped early, after the first rows of a preview
                child.kill()


def _cell(value: Any) -> str:
    text = as_text(value)
    # the apostrophe that our own export puts before text that looks like a formula (`sheets.safe_cell`)
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def read_rows(file: IO[bytes], name: str, *, seconds: int = WHOLE) -> Iterator[list[str]]:
    """Yield every row that is not empty, headings first.

    Raises ValidationError if the file cannot be read to its end, or a workbook takes more than `seconds` of CPU time.
    """
    file.seek(0)
    rows = _xlsx_rows(file, seconds) if name.lower().endswith(".xlsx") else _csv_rows(file)
    for number, row in enumerate(rows):
        if number > MAX_ROWS:
            raise ValidationError(_("The table has more than %(n)s rows. Split it.") % {"n": MAX_ROWS})
        cells = [_cell(value) for value in row[:MAX_COLUMNS]]
        if any(cells):
            yield cells

"""Reading tables that people upload: CSV and XLSX, row by row, as text."""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from learning.library.kinds import check_upload, extension_of

FORMATS = ("csv", "xlsx")
MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED = 60 * 1024 * 1024  # of an XLSX, whose shared strings are all held at once
MAX_ROWS = 50_000
MAX_COLUMNS = 50
MAX_CELL = 1_000  # characters of a cell that are looked at
SAMPLE = 8192


def check_table(file: IO[bytes], name: str, size: int) -> None:
    """ValidationError unless this is a CSV or XLSX file that we can read."""
    extension = extension_of(name)
    if extension not in FORMATS:
        raise ValidationError(_("A table is a CSV or XLSX file."))
    if size > MAX_BYTES:
        raise ValidationError(_("The file is larger than 10 MB."))
    check_upload(file, name)
    if extension == "xlsx":
        with zipfile.ZipFile(file) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise ValidationError(_("This archive unpacks to more than we take."))
        file.seek(0)


def _text_of(file: IO[bytes]) -> io.TextIOWrapper:
    """The file as text: UTF-8, or what Excel writes in Russian where it is not."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
        encoding = "utf-8-sig"
    except UnicodeDecodeError:
        encoding = "cp1251"
    file.seek(0)
    return io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")


def _csv_rows(file: IO[bytes]) -> Iterator[list[Any]]:
    text = _text_of(file)
    sample = text.read(SAMPLE)
    text.seek(0)
    first = sample.splitlines()[0] if sample else ""
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(text, delimiter=delimiter)
    except csv.Error as error:
        raise ValidationError(_("This table cannot be read: %(why)s.") % {"why": error}) from error
    finally:
        if not file.closed:
            text.detach()  # the file is the caller's to close


def _xlsx_rows(file: IO[bytes]) -> Iterator[list[Any]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise ValidationError(_("This table cannot be read: %(why)s.") % {"why": type(error).__name__}) from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
            yield list(row)
    except Exception as error:
        raise ValidationError(_("This table cannot be read: %(why)s.") % {"why": type(error).__name__}) from error
    finally:
        book.close()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        value = value.date() if not (value.hour or value.minute) else value
    text = str(value).replace("\x00", "").strip()[:MAX_CELL]
    # what our own export put before text that looks like a formula
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def read_rows(file: IO[bytes], name: str) -> Iterator[list[str]]:
    """Every row that is not empty, headings first. Raises ValidationError where the file cannot be read on."""
    file.seek(0)
    rows = _xlsx_rows(file) if extension_of(name) == "xlsx" else _csv_rows(file)
    for number, row in enumerate(rows):
        if number > MAX_ROWS:
            raise ValidationError(_("The table has more than %(n)s rows. Split it.") % {"n": MAX_ROWS})
        cells = [_cell(value) for value in row[:MAX_COLUMNS]]
        if any(cells):
            yield cells

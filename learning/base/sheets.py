"""Export of tables: streamed CSV, and XLSX. Text that a spreadsheet would run as a formula is made plain text."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify

FORMATS = ("csv", "xlsx")
# Excel in French and Russian separates cells by `;`: text after one, or after a tab, begins a new cell there.
_INNER_FORMULA = re.compile(r"([;\t\n\r]\s*)(?=[=+\-@])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# control characters and halves of surrogate pairs: XML forbids them, so an XLSX with one could not be written
_NOT_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
_BOM = "\ufeff"  # without it Excel reads UTF-8 as an older encoding


def safe_cell(value: Any) -> Any:
    """Return the value for a cell: text that begins like a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        # Excel has no time zones: openpyxl raises an error for an aware datetime
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, str):
        value = value.translate(_NOT_IN_XML)
        value = _INNER_FORMULA.sub(r"\1'", value)
        return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    return value


# csv.writer returns what `write` returns: each line is sent at once, and none is collected
class _Echo:
    def write(self, text: str) -> str:
        return text


def _csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield _BOM + writer.writerow(headings)
    for row in rows:
        yield writer.writerow([safe_cell(value) for value in row])


def as_file(
    name: str, file_format: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse | FileResponse:
    """Return the table as a `csv` or `xlsx` file. Memory does not grow with the rows: an XLSX, which is an archive
    with its index at the end, is written to a temporary file first."""
    filename = f"{slugify(name) or 'table'}-{timezone.localdate():%Y-%m-%d}.{file_format}"
    if file_format == "csv":
        response = StreamingHttpResponse(_csv_lines(headings, rows), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        response.headers["Cache-Control"] = "private, no-store"
        return response
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(headings))
    for row in rows:
        sheet.append([safe_cell(value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the response)
    book.save(file)
    file.seek(0)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = FileResponse(file, as_attachment=True, filename=filename, content_type=kind)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer

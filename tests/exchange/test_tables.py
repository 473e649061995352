"""Workbooks that are small on the disk and large for whoever reads them."""

import io
import time
import zipfile
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from learning.base.sheet_rows import PEEK, read_rows
from learning.exchange.models import ImportRun
from learning.library.tables import MOST_OF_SHEET, check_table
from tests.exchange.test_people_import import xlsx

HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FOOT = b"</sheetData></worksheet>"


STRINGS = (
    '<Override PartName="/xl/sharedStrings.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)


def workbook(part: str, content: bytes) -> bytes:
    """A real workbook of two rows in which one part is another one, or is added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["email"], ["a@example.org"]))) as real:
        parts = {entry.filename: real.read(entry) for entry in real.infolist()}
    types = parts["[Content_Types].xml"].decode()
    parts |= {"[Content_Types].xml": types.replace("</Types>", STRINGS).encode(), "xl/sharedStrings.xml": b"<sst/>"}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, own in {**parts, part: content}.items():
            archive.writestr(name, own)
    return buffer.getvalue()


def row_without_end() -> bytes:
    cell = b'<c r="A1" t="inlineStr"><is><t>a</t></is></c>'
    return workbook("xl/worksheets/sheet1.xml", HEAD + b"<row>" + cell * (28_000_000 // len(cell)) + b"</row>" + FOOT)


def rows_of_nothing() -> bytes:
    return workbook("xl/worksheets/sheet1.xml", HEAD + b"<row/>" * (29_000_000 // 6) + FOOT)


def strings() -> bytes:
    one = b"<si><t>a</t></si>"
    text = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        + one * (11_500_000 // len(one))
        + b"</sst>"
    )
    return workbook("xl/sharedStrings.xml", text)


@pytest.mark.parametrize("make", [row_without_end, rows_of_nothing, strings])
def test_a_small_workbook_costs_the_page_little(make: Any, small: SimpleNamespace, visit: Any) -> None:
    data = make()
    assert len(data) < 400_000
    client, own = visit(small.admin), psutil.Process()
    before, began = own.memory_info().rss, time.monotonic()
    answer = client.post("/cms/import/", {"file": SimpleUploadedFile("people.xlsx", data), "course": ""})
    assert time.monotonic() - began < 10  # two seconds of the processor, on a machine that has other work
    assert own.memory_info().rss - before < 100 * 1024 * 1024
    assert answer.status_code in {302, 422}  # a fast machine reads the second and third in time
    assert ImportRun.objects.count() == (1 if answer.status_code == 302 else 0)


def test_the_reader_is_stopped_and_says_so() -> None:
    with pytest.raises(ValidationError, match="takes too long"):
        list(read_rows(io.BytesIO(row_without_end()), "people.xlsx", seconds=1))


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"])
def test_each_part_has_a_limit(part: str) -> None:
    data = workbook(part, b"<a/>" + b" " * (MOST_OF_SHEET + 1))
    with pytest.raises(ValidationError, match="more than we take"):
        check_table(io.BytesIO(data), "people.xlsx", len(data))


def test_an_ordinary_workbook_is_read_whole_and_a_look_leaves_no_child() -> None:
    rows = [["email", "name"], *([f"p{n}@example.org", f"Person {n}"] for n in range(20_000))]
    data = xlsx(*rows)
    assert len(list(read_rows(io.BytesIO(data), "people.xlsx"))) == 20_001
    look = read_rows(io.BytesIO(data), "people.xlsx", seconds=PEEK)
    assert next(look)[:2] == ["email", "name"]
    look.close()  # type: ignore[attr-defined]
    assert not [child for child in psutil.Process().children() if "xlsx_child" in " ".join(child.cmdline())]


def test_the_first_row_comes_before_the_rest_is_read() -> None:
    """A sheet written row by row does not say its size; whoever wants its first rows does not wait for the last."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for number in range(200):
        sheet.append(["email", "name"] if not number else [f"p{number}@example.org", f"Person {number}"])
    whole = io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as archive:
        rows = archive.read("xl/worksheets/sheet1.xml")
    assert b"<dimension" not in rows
    assert len(list(read_rows(whole, "people.xlsx"))) == 200
    broken = _with_part(whole, "xl/worksheets/sheet1.xml", rows[: len(rows) // 2])
    assert next(iter(read_rows(broken, "people.xlsx")))[:2] == ["email", "name"]
    with pytest.raises(ValidationError, match="damaged"):
        list(read_rows(broken, "people.xlsx"))


def _with_part(workbook: io.BytesIO, part: str, data: bytes) -> io.BytesIO:
    changed = io.BytesIO()
    with zipfile.ZipFile(workbook) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            after.writestr(name, data if name == part else before.read(name))
    return changed

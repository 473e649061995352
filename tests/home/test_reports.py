"""Reports of Wagtail's admin as files."""

import csv
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook

from learning.courses.models import LessonPage
from tests import school

HOSTILE = ("=1+cmd|'/C calc'!A0", "Plain;=2+3", "Tab\t@SUM(1)", "\x0bControl")


@pytest.mark.parametrize("report", ["aging-pages/results/", "aging-pages/", "site-history/", "locked/"])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_no_title_becomes_a_formula(small: SimpleNamespace, visit: Any, report: str, file_format: str) -> None:
    for title in HOSTILE:
        lesson = school.lesson(small.modules[0], "Hostile")
        LessonPage.objects.filter(pk=lesson.pk).update(
            title=title, draft_title=title, locked=True, locked_by=small.admin
        )
    answer = visit(small.admin).get(f"/cms/reports/{report}?export={file_format}")
    assert answer.status_code == 200
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if file_format == "csv":
        cells = [cell for row in csv.reader(StringIO(data.decode())) for cell in row]
    else:
        rows = load_workbook(BytesIO(data)).active.iter_rows(values_only=True)
        cells = [str(cell) for row in rows for cell in row if cell is not None]
    assert "Control" in cells or report == "site-history/"
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@")) or ";=" in cell or "\t@" in cell]

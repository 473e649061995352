"""Reads words from tables (CSV, XLSX) whose columns were matched."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from learning.base.sheet_rows import PEEK, read_rows
from learning.library.tables import check_table
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports.columns import entry_of
from learning.vocabulary.imports.entries import Entry, Skipped


class Table:
    """An open table; its first row has the headings."""

    def __init__(self, file: BufferedReader, name: str, columns: Mapping[str, int]) -> None:
        self._file, self._name, self._columns = file, name, columns
        file.seek(0)
        digest = file_digest(file, "sha256")
        # another choice of columns gives other words
        digest.update(repr(sorted(columns.items())).encode())
        self.digest = digest.hexdigest()
        self.total = sum(1 for _row in self._rows())

    def entries(self) -> Iterator[Entry | Skipped]:
        seen: Counter[tuple[str, str, str]] = Counter()
        for number, row in enumerate(self._rows(), start=2):
            yield entry_of(row, self._columns, _("row %(n)d") % {"n": number}, seen)

    def _rows(self) -> Iterator[list[str]]:
        try:
            rows = read_rows(self._file, self._name)
            next(rows, None)
            yield from rows
        except ValidationError as error:
            raise VocabularyError("damaged", " ".join(error.messages)) from error


@contextmanager
def opened(path: Path, *, name: str, columns: Mapping[str, int]) -> Iterator[Table]:
    """Open a table; `name` tells by its ending whether it is CSV or XLSX. Raises VocabularyError where it is none."""
    with path.open("rb") as file:
        _check(file, name, path.stat().st_size)
        yield Table(file, name, columns)


def first_rows(path: Path, name: str, count: int) -> list[list[str]]:
    """The headings and the first rows, to match columns by. Raises VocabularyError."""
    with path.open("rb") as file:
        _check(file, name, path.stat().st_size)
        try:
            rows = read_rows(file, name, seconds=PEEK)
            return [row for row, _n in zip(rows, range(count + 1), strict=False)]
        except ValidationError as error:
            raise VocabularyError("damaged", " ".join(error.messages)) from error


def _check(file: IO[bytes], name: str, size: int) -> None:
    try:
        check_table(file, name, size)
    except ValidationError as error:
        raise VocabularyError("no_table", " ".join(error.messages)) from error

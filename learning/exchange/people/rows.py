"""The rows of an uploaded table: which column holds what, and what each row asks for."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from learning.base.sheet_rows import read_rows
from learning.exchange.models import ImportRun

# What a column may hold, and the headings that we know it by.
COLUMNS = {
    "email": (gettext_lazy("E-mail"), ("e-mail", "email", "mail", "почта", "эл. почта", "courriel", "адрес")),
    "name": (gettext_lazy("Name"), ("name", "имя", "фио", "nom", "student", "студент")),
    "course": (gettext_lazy("Course"), ("course", "курс", "cours")),
    "group": (gettext_lazy("Study group"), ("study group", "group", "группа", "учебная группа", "groupe")),
    "reason": (gettext_lazy("Reason"), ("reason", "note", "причина", "motif")),
}


def guess_columns(headings: list[str]) -> dict[str, int]:
    """Which column holds what, by the words of the headings."""
    guessed: dict[str, int] = {}
    for what, (_label, words) in COLUMNS.items():
        for number, heading in enumerate(headings):
            if heading.strip().lower() in words and number not in guessed.values():
                guessed[what] = number
                break
    return guessed


@dataclass(frozen=True)
class Wish:
    """What one row asks for."""

    number: int
    email: str
    name: str
    course: str
    group: str
    reason: str


def wishes_of(run: ImportRun) -> Iterator[Wish]:
    """The rows below the headings."""
    with run.file.open("rb") as file:
        for number, cells in enumerate(read_rows(file, run.filename), start=1):
            if number == 1:
                continue

            def cell(what: str, cells: list[str] = cells) -> str:
                place = run.columns.get(what)
                # spreadsheets leave out empty cells at the end of a row
                return cells[place] if place is not None and place < len(cells) else ""

            wanted = {what: cell(what) for what in COLUMNS}
            yield Wish(
                number, wanted["email"].lower(), wanted["name"], wanted["course"], wanted["group"], wanted["reason"]
            )

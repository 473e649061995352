"""Reads notes from Anki's packages (`.apkg`) of schema 11: a zip with an SQLite database, sounds and pictures.

The database is somebody else's: it is opened for reading alone, may only be asked for the columns that we name, and
its views, virtual tables and triggers run nothing (https://www.sqlite.org/security.html).
"""

import html
import json
import re
import sqlite3
import tempfile
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from hashlib import file_digest
from pathlib import Path
from typing import Any

import nh3
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from learning.library.archives import open_archive, read_entry
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports.columns import entry_of
from learning.vocabulary.imports.entries import Entry, Skipped, storable
from learning.vocabulary.imports.files import picture_in, sound_in
from learning.vocabulary.media.files import LARGEST_PICTURE, LARGEST_SOUND

LARGEST = 100 * 1024 * 1024  # bytes of the database, unpacked
LARGEST_VALUE = 1024 * 1024  # bytes of one value
LARGEST_PACKAGE = 2 * 1024 * 1024 * 1024  # bytes of all parts, as declared
MOST_PARTS = 100_000
LARGEST_LIST = 10 * 1024 * 1024  # bytes of the list of media
SECONDS, PEEK = 60, 2  # that one question to the database may take, in a job and on a page
ROWS = 100  # that are read at once
MOST_FIELDS = 50  # of a note
LONGEST_FIELD = 2000
DATABASES = ("collection.anki21", "collection.anki2")
READ = {
    "notes": {"id", "mid", "flds"},
    "col": {"models", "crt"},
    "cards": {"id", "nid", "ord", "type", "due", "ivl", "factor", "lapses"},
    "revlog": {"id", "cid", "ease", "factor", "type"},
}
ALWAYS = {"notes", "col"}  # what every package has
OF_OTHER_TEXTS = {"translation", "example", "example_translation"}
_SOUND = re.compile(r"\[(?:sound|anki):[^\[\]]{0,300}\]")


class Package:
    """An open package: the notes of its most frequent kind, and its media."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        database: sqlite3.Connection,
        digest: str,
        columns: Mapping[str, int],
        seconds: int = SECONDS,
    ) -> None:
        self._archive, self._database, self._columns, self._seconds = archive, database, columns, seconds
        counts = Counter(dict(self.ask("SELECT mid, count(*) FROM notes GROUP BY mid")))
        if not counts:
            raise VocabularyError("empty", _("The package has no notes."))
        self.kind = counts.most_common(1)[0][0]
        self.total = counts.total()
        self.digest = digest

    def fields(self) -> list[str]:
        """The names of the fields of its most frequent kind of notes."""
        try:
            models = json.loads(next(iter(self.ask("SELECT models FROM col")))[0])
            return [storable(str(field["name"])) for field in models[str(self.kind)]["flds"]][:MOST_FIELDS]
        except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
            # newer packages keep the names elsewhere
            count = len(next(iter(self.sample(1)), []))
            return [str(number) for number in range(1, count + 1)]

    def sample(self, count: int) -> list[list[str]]:
        rows = self.ask("SELECT flds FROM notes WHERE mid = ? ORDER BY id LIMIT ?", self.kind, count)
        return [_cells(fields) for (fields,) in rows]

    def entries(self) -> Iterator[Entry | Skipped]:
        seen: Counter[tuple[str, str, str]] = Counter()
        for number, (kind, fields) in enumerate(self.ask("SELECT mid, flds FROM notes ORDER BY id"), start=1):
            name = _("note %(n)d") % {"n": number}
            if kind != self.kind:
                yield Skipped(name, _("it is a note of another kind"))
            else:
                entry = entry_of(_cells(fields), self._columns, name, seen)
                yield self._with_media(entry, str(fields)) if isinstance(entry, Entry) else entry

    def _with_media(self, entry: Entry, fields: str) -> Entry:
        cells = [cell[:LONGEST_FIELD] for cell in fields.split("\x1f", MOST_FIELDS)[:MOST_FIELDS]]
        word = self._columns.get("lemma", 0)
        # the sound of a translation or of an example is not that of the word
        others = {place for what, place in self._columns.items() if what in OF_OTHER_TEXTS}
        places = [word, *(place for place in range(len(cells)) if place != word and place not in others)]
        sounds = (sound_in(cells[place]) for place in places if place < len(cells))
        return replace(
            entry, sound=next(filter(None, sounds), ""), picture=next(filter(None, map(picture_in, cells)), "")
        )

    def file(self, name: str) -> bytes | None:
        """The content of a sound or picture. Raises ValidationError where it is too large or damaged."""
        part = self._media.get(unicodedata.normalize("NFC", name))
        return read_entry(self._archive, part, max(LARGEST_SOUND, LARGEST_PICTURE)) if part else None

    @cached_property
    def _media(self) -> dict[str, str]:
        """The parts of the archive by the names of the files."""
        parts = set(self._archive.namelist())
        try:
            named = json.loads(read_entry(self._archive, "media", LARGEST_LIST))
            return {unicodedata.normalize("NFC", name): part for part, name in named.items() if part in parts}
        except (KeyError, ValueError, TypeError, AttributeError, ValidationError, RecursionError):
            return {}  # a package without media, or a newer one

    def ask(self, question: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a question, one by one. VocabularyError where the database is damaged, or takes too long.

        Only the time in the database counts: what is done with the rows may take longer.
        """
        left = float(self._seconds)
        rows: list[tuple[Any, ...]] = []
        cursor = None
        try:
            while cursor is None or rows:
                started = time.monotonic()
                self._database.set_progress_handler(partial(_is_over, started + left), 100_000)
                cursor = cursor or self._database.execute(question, values)
                rows = cursor.fetchmany(ROWS)
                left -= time.monotonic() - started
                if left < 0:
                    raise sqlite3.OperationalError("interrupted")
                yield from rows
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
            raise VocabularyError("damaged", _("The database of the package cannot be read.")) from error


def _is_over(until: float) -> bool:
    return time.monotonic() > until


@contextmanager
def opened(path: Path, *, columns: Mapping[str, int] | None = None, seconds: int = SECONDS) -> Iterator[Package]:
    """Open a package. Raises VocabularyError where it is none that we can read."""
    columns = columns or {}
    with path.open("rb") as file:
        digest = file_digest(file, "sha256")
    digest.update(repr(sorted(columns.items())).encode())
    with _archive_of(path) as archive, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "collection"
        target.write_bytes(_database_of(archive))
        with closing(sqlite3.connect(f"file:{target}?mode=ro&immutable=1", uri=True)) as database:
            # a generated column could make gigabytes of a few bytes
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            _check_tables(database)
            database.set_authorizer(_only_reading)
            yield Package(archive, database, digest.hexdigest(), columns, seconds)


def _archive_of(path: Path) -> zipfile.ZipFile:
    try:
        return open_archive(str(path), entries_max=MOST_PARTS, unpacked_max=LARGEST_PACKAGE)
    except ValidationError as error:
        raise VocabularyError("damaged", " ".join(error.messages)) from error


def _database_of(archive: zipfile.ZipFile) -> bytes:
    names = set(archive.namelist())
    try:
        for name in DATABASES:
            if name in names:
                return read_entry(archive, name, LARGEST)
    except ValidationError as error:
        raise VocabularyError("damaged", " ".join(error.messages)) from error
    if "collection.anki21b" in names:
        raise VocabularyError("newer", _("Export it from Anki again with “Support older Anki versions” switched on."))
    raise VocabularyError("no_package", _("This is no package of Anki."))


def _check_tables(database: sqlite3.Connection) -> None:
    """The tables that we read are plain tables: a view or a virtual table under such a name could run anything."""
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        rows = database.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
        computed = [
            name for name in READ for column in database.execute(f"PRAGMA table_xinfo({name})") if column[-1] != 0
        ]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise VocabularyError("damaged", _("The database of the package cannot be read.")) from error
    plain = {name for name, kind, sql in rows if kind == "table" and not str(sql).upper().startswith("CREATE VIRTUAL")}
    other = {name for name, _kind, _sql in rows if name in READ} - plain
    if not plain >= ALWAYS or other or computed:
        raise VocabularyError("no_package", _("This is no package of Anki."))


def _only_reading(action: int, first: str | None, second: str | None, _database: str | None, _by: str | None) -> int:
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and second in READ.get(first or "", set()) | {""}:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second == "count":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _cells(fields: object) -> list[str]:
    return [plain_text(cell) for cell in str(fields).split("\x1f", MOST_FIELDS)[:MOST_FIELDS]]


def plain_text(cell: str) -> str:
    """The words of a field: without HTML, sounds and the marks of gaps."""
    broken = re.sub(r"<(?:br|div|p|li)\b[^>]{0,200}>", " ; ", cell[:LONGEST_FIELD], flags=re.IGNORECASE)
    text = html.unescape(nh3.clean(_SOUND.sub("", broken), tags=set()))
    return " ".join(storable(_without_gaps(text)).split()).strip(" ;")


def _without_gaps(text: str) -> str:
    """“{{c1::œil::hint}}” is “œil”. By hand: a regular expression would try each beginning with each end."""
    parts, place = [], 0
    while (start := text.find("{{c", place)) >= 0 and (end := text.find("}}", start)) >= 0:
        number, _sign, inner = text[start + 3 : end].partition("::")
        shown = inner.split("::", 1)[0] if number.isdigit() else text[start : end + 2]
        parts.append(text[place:start] + shown)
        place = end + 2
    return "".join(parts) + text[place:]

"""What readers of dictionaries give and `writing` stores: entries, whatever the file was."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, Protocol, TypeVar, runtime_checkable

from django.utils.translation import gettext as _

MOST_HOMOGRAPHS = 1000  # words that are the same in everything: more of them are no dictionary
MOST_SENSES = 200  # of an entry
BATCH = 500  # entries that are looked up and stored together
T = TypeVar("T")


def storable(text: str) -> str:
    """A text as every database takes it: without NUL and halves of characters."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "")


@dataclass(frozen=True, slots=True)
class SenseFacts:
    translations: tuple[str, ...]
    subject: str = ""
    definition: str = ""
    register: str = ""


@dataclass(frozen=True, slots=True)
class ExampleFacts:
    text: str
    translation: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file. `homograph` counts the entries of the file that are the same in the three before it."""

    lemma: str
    part_of_speech: str
    gender: str
    homograph: int
    senses: tuple[SenseFacts, ...]
    ipa: str = ""
    note: str = ""
    examples: tuple[ExampleFacts, ...] = ()
    forms: tuple[tuple[str, str], ...] = ()  # kind, spelling
    sound: str = ""  # the name of its file, for `ReaderWithFiles.file`
    picture: str = ""  # the same

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.lemma, self.part_of_speech, self.gender, self.homograph


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that cannot be stored, and why."""

    lemma: str
    reason: str


class Reader(Protocol):
    """An open dictionary file."""

    digest: str  # SHA-256 of all that is read
    total: int

    def entries(self) -> Iterator[Entry | Skipped]: ...


@runtime_checkable
class ReaderWithFiles(Reader, Protocol):
    """An open file that has sounds and pictures, too."""

    def file(self, name: str) -> bytes | None:
        """The content of a sound or picture; None where there is none of this name. Raises ValidationError."""


def batched(entries: Iterator[Entry | Skipped]) -> Iterator[list[Entry | Skipped]]:
    """The entries as they can be stored, so many at once."""
    rows = map(checked, entries)
    while batch := list(islice(rows, BATCH)):
        yield batch


def checked(one: Entry | Skipped) -> Entry | Skipped:
    """The entry with texts that can be stored, whatever its reader gave; skipped where it is one of too many."""
    if isinstance(one, Entry) and one.homograph > MOST_HOMOGRAPHS:
        return Skipped(storable(one.lemma)[:80], _("more than 1,000 entries are the same"))
    return _cleaned(one)


def _cleaned(value: T) -> T:
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = storable(value)
    elif isinstance(value, tuple):
        cleaned = tuple(_cleaned(part) for part in value)
    elif isinstance(value, Entry | Skipped | SenseFacts | ExampleFacts):
        cleaned = replace(value, **{field.name: _cleaned(getattr(value, field.name)) for field in fields(value)})
    return cleaned  # type: ignore[no-any-return]

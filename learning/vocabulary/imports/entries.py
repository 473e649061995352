"""What readers of dictionaries give and `writing` stores: entries, whatever the file was."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


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

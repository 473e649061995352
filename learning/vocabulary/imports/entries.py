"""What readers of dictionaries give and `writing` stores: entries, whatever the file was."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SenseFacts:
    translations: tuple[str, ...]
    subject: str = ""


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

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.lemma, self.part_of_speech, self.gender, self.homograph


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that cannot be stored, and why."""

    lemma: str
    reason: str

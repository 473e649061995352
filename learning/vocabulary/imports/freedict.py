"""Reads dictionaries in the format of dictd, as FreeDict publishes them (Debian's packages `dict-freedict-*`).

A line of the index is `headword TAB offset TAB length`, both numbers in base 64 digits (dictd(8), RFC 2229); the texts
are in one file, which may be compressed (`.dict.dz` reads as gzip). An entry begins with its word, pronunciation and
grammar, and has its meanings below, numbered where there are several:

    livre /livʀ/ <n, masc>
    book
"""

import gzip
import hashlib
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.grammar import Gender, PartOfSpeech
from learning.vocabulary.imports.entries import Entry, ExampleFacts, SenseFacts, Skipped

DIGITS = {
    digit: number for number, digit in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
LARGEST = 512 * 1024 * 1024  # bytes of the texts, uncompressed
LONGEST_ENTRY = 64 * 1024  # bytes
LONGEST_LINE = 1000  # of the index, in bytes; of an entry's first line, in characters
MOST_SENSES = 100  # of an entry
CHUNK = 1024 * 1024
MOST_DIGITS = 10  # of a number of the index
INFO = ("00database", "00-database")  # headwords that tell of the dictionary itself

_FIRST_LINE = re.compile(r"(?P<lemma>.*?)(?: /(?P<ipa>[^/]*)/)?(?: \([^()]*\))?(?P<tags>(?: <[^<>]*>)*)")
_NUMBER = re.compile(r"\d{1,3}\. +")
_SUBJECT = re.compile(r"\[([^\[\]]{1,60})\] *")
_TAGS = re.compile(r" *<[^<>]*>")
_EXAMPLE = re.compile(r'"(?P<text>[^"]+)" - (?P<translation>.+)')
_REFERENCE = re.compile(r"(see|synonyms?|antonyms?|note)\b[^:]*:", re.IGNORECASE)

_PARTS = {
    "n": PartOfSpeech.NOUN,
    "v": PartOfSpeech.VERB,
    "vt": PartOfSpeech.VERB,
    "vi": PartOfSpeech.VERB,
    "adj": PartOfSpeech.ADJECTIVE,
    "adv": PartOfSpeech.ADVERB,
    "pron": PartOfSpeech.PRONOUN,
    "prep": PartOfSpeech.PREPOSITION,
    "conj": PartOfSpeech.CONJUNCTION,
    "int": PartOfSpeech.INTERJECTION,
    "num": PartOfSpeech.NUMERAL,
    "art": PartOfSpeech.ARTICLE,
}
_GENDERS = {
    frozenset({"masc"}): Gender.MASCULINE,
    frozenset({"fem"}): Gender.FEMININE,
    frozenset({"neut"}): Gender.NEUTER,
    frozenset({"masc", "fem"}): Gender.MF,
    frozenset({"masc", "neut"}): Gender.MN,
}
_NOTES = {
    "vt": "transitive",
    "vi": "intransitive",
    "trans": "transitive",
    "intr": "intransitive",
    "refl": "reflexive",
    "pl": "plural",
}


class Dictd:
    """An open dictionary: its entries in the order of the index."""

    def __init__(self, index: Path, texts: IO[bytes], size: int, digest: str) -> None:
        self._index, self._texts, self._size = index, texts, size
        self.digest = digest  # of both files
        self.total = sum(1 for _row in self._rows())

    def entries(self) -> Iterator[Entry | Skipped]:
        """Each entry, or why it cannot be read. Entries of one headword follow one another."""
        for _headword, rows in groupby(self._rows(), key=lambda row: row[0]):
            seen: Counter[tuple[str, str, str]] = Counter()
            for headword, offset, length in rows:
                yield self._entry(headword, offset, length, seen)

    def _rows(self) -> Iterator[tuple[str, int, int]]:
        with self._index.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
                fields = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")
                if fields[0].startswith(INFO):
                    continue
                if len(fields) < 3:
                    raise VocabularyError("index", _("Line %(n)s of the index is no line of an index.") % {"n": number})
                yield fields[0], _number(fields[1], number), _number(fields[2], number)

    def _entry(self, headword: str, offset: int, length: int, seen: Counter[tuple[str, str, str]]) -> Entry | Skipped:
        if length > LONGEST_ENTRY or offset + length > self._size:
            return Skipped(headword[:80], str(_("its text is too long, or not in the file")))
        self._texts.seek(offset)
        try:
            text = self._texts.read(length).decode()
        except UnicodeDecodeError:
            return Skipped(headword[:80], str(_("its text is not in UTF-8")))
        return parsed(text.replace("\x00", ""), seen)


def _number(digits: str, line: int) -> int:
    value = 0
    if not digits or len(digits) > MOST_DIGITS or not set(digits) <= DIGITS.keys():
        raise VocabularyError("index", _("Line %(n)s of the index is no line of an index.") % {"n": line})
    for digit in digits:
        value = value * 64 + DIGITS[digit]
    return value


@contextmanager
def opened(index: Path, texts: Path) -> Iterator[Dictd]:
    """Open a dictionary by the paths of its two files. Raises VocabularyError where they are none."""
    digest = hashlib.sha256()
    with index.open("rb") as lines:
        for chunk in _chunks(lines):
            digest.update(chunk)
    with tempfile.TemporaryFile() as whole, texts.open("rb") as file:
        is_compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        size = 0
        try:
            for chunk in _chunks(gzip.GzipFile(fileobj=file) if is_compressed else file):
                size += len(chunk)
                if size > LARGEST:
                    raise VocabularyError("large", _("The dictionary is larger than %(n)s MB.") % {"n": LARGEST >> 20})
                digest.update(chunk)
                whole.write(chunk)
        except (OSError, EOFError, zlib.error) as error:
            raise VocabularyError("damaged", _("The file is damaged: %(why)s") % {"why": error}) from error
        yield Dictd(index, whole, size, digest.hexdigest())


def _chunks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def parsed(text: str, seen: Counter[tuple[str, str, str]]) -> Entry | Skipped:
    """The entry of a text; `seen` counts the entries of this headword, for the numbers of homographs."""
    first, *lines = text.strip().split("\n")
    # a longer line would keep the expression busy for minutes
    match = _FIRST_LINE.fullmatch(first.strip()) if len(first) <= LONGEST_LINE else None
    lemma = match["lemma"].strip() if match else ""
    if match is None or not lemma:
        return Skipped(first[:80], str(_("it has no word")))
    if len(lemma) > 200:
        return Skipped(lemma[:80], str(_("its word is longer than 200 characters")))
    tags = re.split(r"[ ,<>]+", match["tags"].strip(" <>")) if match["tags"] else []
    senses, examples = _meanings(lines)
    if not senses:
        return Skipped(lemma[:80], str(_("it has no translation")))
    gender = _GENDERS.get(frozenset({"masc", "fem", "neut"}.intersection(tags)), "")
    part = next((_PARTS[tag] for tag in tags if tag in _PARTS), PartOfSpeech.NOUN if gender or "pl" in tags else "")
    seen[lemma, part, gender] += 1
    return Entry(
        lemma,
        str(part),
        str(gender),
        seen[lemma, part, gender],
        senses,
        ipa=(match["ipa"] or "")[:200],
        note=", ".join(dict.fromkeys(_NOTES[tag] for tag in tags if tag in _NOTES)),
        examples=examples,
    )


def _meanings(lines: Iterable[str]) -> tuple[tuple[SenseFacts, ...], tuple[ExampleFacts, ...]]:
    senses: list[SenseFacts] = []
    examples: list[ExampleFacts] = []
    for raw in lines:
        # without runs of spaces, on which the expressions below would try each beginning
        line = _NUMBER.sub("", " ".join(raw.split()), count=1)
        if not line or _REFERENCE.match(line):
            continue
        if example := _EXAMPLE.fullmatch(line):
            examples.append(ExampleFacts(example["text"][:500], example["translation"][:500]))
            continue
        subject = _SUBJECT.match(line)
        if subject:
            line = line[subject.end() :]
        texts = (" ".join(part.split()) for part in _split(_TAGS.sub("", line)))
        found = tuple(dict.fromkeys(text for text in texts if text and len(text) <= 300))
        if found:
            senses.append(SenseFacts(found, subject[1] if subject else ""))
    return tuple(senses[:MOST_SENSES]), tuple(examples[:MOST_SENSES])


def _split(line: str) -> Iterator[str]:
    """The parts between commas and semicolons, of which those in brackets do not count."""
    depth, begin = 0, 0
    for place, character in enumerate(line):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(depth - 1, 0)
        elif character in ",;" and depth == 0:
            yield line[begin:place]
            begin = place + 1
    yield line[begin:]

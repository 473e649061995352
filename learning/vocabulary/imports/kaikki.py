"""Reads extracts of Wiktionary as kaikki.org publishes them: a line of JSON for each word and part of speech.

Fields that are read (https://github.com/tatuylonen/wiktextract): word, pos, lang_code, senses (glosses, tags, topics,
examples, form_of), sounds (ipa), forms (form, tags), translations (code, word). Glosses of a foreign word are its
English translations; those of an English word define it, and its translations are taken in the wanted language.
"""

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.grammar import FormKind, Gender, PartOfSpeech
from learning.vocabulary.imports.entries import Entry, ExampleFacts, SenseFacts, Skipped

LARGEST = 8 * 1024 * 1024 * 1024  # bytes, uncompressed
LONGEST_LINE = 4 * 1024 * 1024  # characters; the longest of Wiktionary has about 1 MB
MOST_SENSES, MOST_EXAMPLES, MOST_FORMS, MOST_TEXTS = 30, 5, 20, 40
GLOSS_LANGUAGE = "en"
_PARTS = {
    "noun": PartOfSpeech.NOUN, "name": PartOfSpeech.NOUN, "verb": PartOfSpeech.VERB, "adj": PartOfSpeech.ADJECTIVE,
    "adv": PartOfSpeech.ADVERB, "pron": PartOfSpeech.PRONOUN, "prep": PartOfSpeech.PREPOSITION,
    "conj": PartOfSpeech.CONJUNCTION, "intj": PartOfSpeech.INTERJECTION, "num": PartOfSpeech.NUMERAL,
    "article": PartOfSpeech.ARTICLE, "phrase": PartOfSpeech.PHRASE,
}  # fmt: skip
_GENDERS = {
    frozenset({"masculine"}): Gender.MASCULINE,
    frozenset({"feminine"}): Gender.FEMININE,
    frozenset({"neuter"}): Gender.NEUTER,
    frozenset({"masculine", "feminine"}): Gender.MF,
    frozenset({"masculine", "neuter"}): Gender.MN,
}
_FORMS = (
    (frozenset({"feminine", "plural"}), FormKind.FEMININE_PLURAL),
    (frozenset({"participle", "past"}), FormKind.PAST_PARTICIPLE),
    (frozenset({"participle", "present"}), FormKind.PRESENT_PARTICIPLE),
    (frozenset({"third-person", "singular", "present"}), FormKind.THIRD_PERSON),
    (frozenset({"comparative"}), FormKind.COMPARATIVE),
    (frozenset({"superlative"}), FormKind.SUPERLATIVE),
    (frozenset({"feminine"}), FormKind.FEMININE),
    (frozenset({"plural"}), FormKind.PLURAL),
    (frozenset({"past"}), FormKind.PAST),
    (frozenset({"alternative"}), FormKind.VARIANT),
)
_NO_FORMS = {"table-tags", "inflection-template", "romanization", "class"}


class Kaikki:
    """An open extract: the words of one language, with translations into another one."""

    def __init__(self, path: Path, language: str, into: str) -> None:
        self._path, self._language, self._into = path, language, into
        digest, self.total = sha256(), 0
        for raw in self._lines():
            digest.update(raw)
            self.total += 1
        self.digest = digest.hexdigest()

    def entries(self) -> Iterator[Entry | Skipped]:
        seen: Counter[tuple[str, str, str]] = Counter()
        for number, raw in enumerate(self._lines(), start=1):
            yield self._entry(number, raw, seen)

    def _lines(self) -> Iterator[bytes]:
        with _opened(self._path) as file:
            read = 0
            try:
                while line := file.readline(LONGEST_LINE + 1):
                    read += len(line)
                    if read > LARGEST:
                        raise VocabularyError("large", _("The file is larger than %(n)s GB.") % {"n": LARGEST >> 30})
                    if len(line) > LONGEST_LINE:
                        raise VocabularyError("large", _("A line of the file is longer than 4 MB."))
                    if line.strip():
                        yield line
            except (OSError, EOFError, zlib.error) as error:
                raise VocabularyError("damaged", _("The file is damaged: %(why)s") % {"why": error}) from error

    def _entry(self, number: int, raw: bytes, seen: Counter[tuple[str, str, str]]) -> Entry | Skipped:
        try:
            row = json.loads(raw)
        except (ValueError, RecursionError):
            return Skipped(str(_("line %(n)d") % {"n": number}), str(_("it is no JSON")))
        lemma = _text(row.get("word")) if isinstance(row, dict) else ""
        if not lemma or len(lemma) > 200:
            return Skipped(str(_("line %(n)d") % {"n": number}), str(_("it has no word, or one of over 200 letters")))
        if row.get("lang_code") != self._language:
            return Skipped(lemma[:80], str(_("it is a word of another language")))
        senses, examples = self._meanings(row)
        if not senses:
            return Skipped(lemma[:80], str(_("it has no meaning of its own, or no translation")))
        part = _PARTS.get(_text(row.get("pos")), "")
        gender = _gender(row) if part == PartOfSpeech.NOUN else ""
        seen[lemma, part, gender] += 1
        return Entry(
            lemma, str(part), str(gender), seen[lemma, part, gender], senses,
            ipa=_ipa(row),
            examples=examples,
            forms=_forms(row, lemma),
        )  # fmt: skip

    def _meanings(self, row: dict[str, Any]) -> tuple[tuple[SenseFacts, ...], tuple[ExampleFacts, ...]]:
        senses, examples = [], []
        is_defined = self._language == GLOSS_LANGUAGE
        for sense in _dicts(row, "senses"):
            tags = _texts(sense, "tags")
            glosses = tuple(text for text in _texts(sense, "glosses") if text)
            if sense.get("form_of") or sense.get("alt_of") or "form-of" in tags or not glosses:
                continue
            facts = {"subject": ", ".join(_texts(sense, "topics"))[:60], "register": ", ".join(_registers(tags))[:60]}
            if is_defined:
                senses.append(SenseFacts((), definition=glosses[-1][:2000], **facts))
            elif self._into == GLOSS_LANGUAGE:
                senses.append(SenseFacts((glosses[-1][:300],), **facts))
            for one in _dicts(sense, "examples"):
                if text := _text(one.get("text")):
                    translation = _text(one.get("translation") or one.get("english"))
                    examples.append(ExampleFacts(text[:500], translation[:500]))
        senses = senses[:MOST_SENSES]
        if is_defined or self._into != GLOSS_LANGUAGE:
            senses = self._with_translations(row, senses)
        return tuple(senses), tuple(examples[:MOST_EXAMPLES])

    def _with_translations(self, row: dict[str, Any], senses: list[SenseFacts]) -> list[SenseFacts]:
        """The senses, and one more with the translations of the whole word: Wiktionary names no sense by its number."""
        words = (_text(one.get("word")) for one in _dicts(row, "translations") if one.get("code") == self._into)
        found = tuple(dict.fromkeys(word[:300] for word in words if word))[:MOST_TEXTS]
        if not found:
            return senses
        if len(senses) == 1:
            one = senses[0]
            return [SenseFacts(found, one.subject, one.definition, one.register)]
        return [*senses, SenseFacts(found)]


@contextmanager
def opened(path: Path, *, language: str, into: str) -> Iterator[Kaikki]:
    """Open an extract (`.jsonl`, or compressed `.jsonl.gz`). Raises VocabularyError where it is none."""
    yield Kaikki(path, language, into)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        is_compressed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield gzip.GzipFile(fileobj=file) if is_compressed else file  # type: ignore[misc]


def _text(value: object) -> str:
    return " ".join(value.replace("\x00", "").split()) if isinstance(value, str) else ""


def _dicts(row: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = row.get(name)
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def _texts(row: dict[str, Any], name: str) -> list[str]:
    rows = row.get(name)
    return [_text(one) for one in rows] if isinstance(rows, list) else []


def _gender(row: dict[str, Any]) -> str:
    found: set[str] = set()
    for sense in _dicts(row, "senses"):
        found |= {"masculine", "feminine", "neuter"} & set(_texts(sense, "tags"))
    return str(_GENDERS.get(frozenset(found), ""))


def _ipa(row: dict[str, Any]) -> str:
    found = (_text(sound.get("ipa")).strip("/[]") for sound in _dicts(row, "sounds"))
    return next((ipa for ipa in found if ipa), "")[:200]


def _registers(tags: list[str]) -> list[str]:
    return [tag for tag in tags if tag in {"formal", "informal", "colloquial", "slang", "vulgar", "dated", "archaic"}]


def _forms(row: dict[str, Any], lemma: str) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for form in _dicts(row, "forms"):
        spelling, tags = _text(form.get("form")), set(_texts(form, "tags"))
        if not spelling or len(spelling) > 200 or spelling in {lemma, "-"} or tags & _NO_FORMS:
            continue
        kind = next((kind for wanted, kind in _FORMS if wanted <= tags), None)
        if kind:
            found[str(kind), spelling] = None
    return tuple(found)[:MOST_FORMS]

"""Which column of a table, or field of a note, holds what of an entry."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.vocabulary.folding import fold
from learning.vocabulary.grammar import FormKind, Gender, PartOfSpeech
from learning.vocabulary.imports.entries import Entry, ExampleFacts, SenseFacts, Skipped

# what → its name, and words by which a heading is recognised (folded)
COLUMNS: dict[str, tuple[Any, frozenset[str]]] = {
    "lemma": (
        pgettext_lazy("dictionary", "Word"),
        frozenset({"word", "lemma", "front", "слово", "mot", "wort", "term"}),
    ),
    "translation": (
        _("Translation"),
        frozenset({"translation", "meaning", "back", "перевод", "значение", "traduction", "sens", "definition"}),
    ),
    "part_of_speech": (_("Part of speech"), frozenset({"part of speech", "pos", "часть речи", "nature", "grammar"})),
    "gender": (_("Gender"), frozenset({"gender", "род", "genre", "genus"})),
    "ipa": (_("Pronunciation"), frozenset({"pronunciation", "ipa", "transcription", "транскрипция", "prononciation"})),
    "plural": (pgettext_lazy("form", "plural"), frozenset({"plural", "множественное число", "pluriel"})),
    "past": (pgettext_lazy("form", "past simple"), frozenset({"past", "past simple", "preterite"})),
    "past_participle": (pgettext_lazy("form", "past participle"), frozenset({"past participle", "participe passe"})),
    "example": (_("Example"), frozenset({"example", "sentence", "пример", "exemple"})),
    "example_translation": (
        _("Translation of the example"),
        frozenset({"translation of the example", "перевод примера", "traduction de l exemple"}),
    ),
    "note": (_("Note"), frozenset({"note", "примечание", "remarque", "extra"})),
}
FORMS = ("plural", "past", "past_participle")
_SEPARATORS = re.compile(r"[;,/]")
_GENDERS = {
    "m": Gender.MASCULINE, "masc": Gender.MASCULINE, "masculine": Gender.MASCULINE, "м": Gender.MASCULINE,
    "f": Gender.FEMININE, "fem": Gender.FEMININE, "feminine": Gender.FEMININE, "ж": Gender.FEMININE,
    "n": Gender.NEUTER, "neut": Gender.NEUTER, "neuter": Gender.NEUTER, "с": Gender.NEUTER,
    "mf": Gender.MF, "mn": Gender.MN,
}  # fmt: skip


def guess_columns(headings: Sequence[str]) -> dict[str, int]:
    """What each column seems to hold: what → its place."""
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        folded = fold(heading)
        for what, (_label, words) in COLUMNS.items():
            if folded in words and what not in found:
                found[what] = place
    if "lemma" not in found and headings:
        found["lemma"] = 0
    if "translation" not in found and len(headings) > 1 and 1 not in found.values():
        found["translation"] = 1
    return found


def entry_of(
    cells: Sequence[str], columns: Mapping[str, int], name: str, seen: Counter[tuple[str, str, str]]
) -> Entry | Skipped:
    """The entry of a row; `name` says which row it is, `seen` counts those that are the same."""

    def cell(what: str) -> str:
        place = columns.get(what)
        text = cells[place] if place is not None and place < len(cells) else ""
        return " ".join(text.replace("\x00", "").split())

    lemma = cell("lemma")
    if not lemma or len(lemma) > 200:
        return Skipped(name, now("it has no word, or one of over 200 letters"))
    texts = tuple(dict.fromkeys(part.strip()[:300] for part in _SEPARATORS.split(cell("translation")) if part.strip()))
    if not texts:
        return Skipped(lemma[:80], now("it has no translation"))
    gender = str(_GENDERS.get(fold(cell("gender")).replace(" ", ""), ""))
    part = fold(cell("part_of_speech"))
    part_of_speech = part if part in PartOfSpeech.values else str(PartOfSpeech.NOUN) if gender else ""
    seen[lemma, part_of_speech, gender] += 1
    forms = tuple(
        (str(FormKind(kind)), spelling.strip()[:200])
        for kind in FORMS
        for spelling in _SEPARATORS.split(cell(kind))
        if spelling.strip()
    )
    example = cell("example")[:500]
    return Entry(
        lemma,
        part_of_speech,
        gender,
        seen[lemma, part_of_speech, gender],
        (SenseFacts(texts[:40]),),
        ipa=cell("ipa").strip("/[]")[:200],
        note=cell("note")[:300],
        examples=(ExampleFacts(example, cell("example_translation")[:500]),) if example else (),
        forms=tuple(dict.fromkeys(forms)),
    )

"""The starter words that Parta carries: irregular verbs of English, nouns of French with gender and plural.

Each has a pronunciation and an example. They were written for it. Larger dictionaries come by import.
"""

import csv
from collections.abc import Iterator
from importlib import resources
from typing import Any

from django.db import transaction
from django.db.models import F

from learning.vocabulary.grammar import FormKind, PartOfSpeech
from learning.vocabulary.models import Example, Form, Language, Lexeme, Pronunciation, Sense, Source, State, Translation

SOURCE = {"name": "Parta starter words", "licence": "BSD 3-Clause"}
# file → language and part of speech; its columns are the lemma, gender, kinds of forms, codes of languages
FILES = {
    "english_verbs.tsv": ("en", PartOfSpeech.VERB),
    "french_nouns.tsv": ("fr", PartOfSpeech.NOUN),
}
DETAILS = "details.tsv"  # pronunciation, example and its translation of each of them


@transaction.atomic
def add_starter_words() -> int:
    """Add those that the dictionary does not have; returns how many."""
    source, _made = Source.objects.get_or_create(name=SOURCE["name"], defaults=SOURCE)
    languages = {one.code: one for one in Language.objects.all()}
    return sum(_add(row, source, languages) for row in _rows())


def remove_starter_words() -> int:
    """Delete those that nobody has changed or learns; returns how many."""
    unchanged = Lexeme.objects.filter(source__name=SOURCE["name"], changed_at=F("added_at"), cards=None)
    count = unchanged.count()
    unchanged.delete()
    Source.objects.filter(name=SOURCE["name"], lexemes=None).delete()
    return count


def _rows() -> Iterator[dict[str, Any]]:
    details = {(row["language"], row["lemma"], row["gender"]): row for row in _table(DETAILS)}
    for name, (code, part) in FILES.items():
        for row in _table(name):
            more = details[code, row["lemma"], row.get("gender", "")]
            yield {**row, "language": code, "part_of_speech": part, "details": more}


def _table(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("learning.vocabulary.starter").joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t")


def _add(row: dict[str, Any], source: Source, languages: dict[str, Language]) -> bool:
    lexeme, is_new = Lexeme.objects.get_or_create(
        language=languages[row["language"]],
        lemma=row["lemma"],
        part_of_speech=row["part_of_speech"],
        gender=row.get("gender", ""),
        homograph=1,
        defaults={"state": State.APPROVED, "source": source},
    )
    if not is_new:
        return False
    # the moment of adding is that of the last change, as long as nobody changes it
    Lexeme.objects.filter(pk=lexeme.pk).update(added_at=lexeme.changed_at)
    for kind in FormKind:
        for spelling in _several(row.get(kind, "")):
            Form.objects.create(lexeme=lexeme, kind=kind, spelling=spelling)
    sense = Sense.objects.create(lexeme=lexeme)
    for code, language in languages.items():
        for text in _several(row.get(code, "")):
            Translation.objects.create(sense=sense, language=language, text=text)
    details = row["details"]
    Pronunciation.objects.create(lexeme=lexeme, ipa=details["ipa"])
    Example.objects.create(lexeme=lexeme, text=details["example"], translation=details["translation"])
    return True


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]

"""The starter words that Parta carries: about 600 English and 480 French ones, written for it.

Nouns of French with gender and plural, verbs with participle and auxiliary, irregular verbs of English with all forms,
adjectives with theirs; each with a pronunciation and an example. Larger dictionaries come by import.
"""

import csv
from collections.abc import Iterator
from importlib import resources
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from learning.vocabulary.folding import fold
from learning.vocabulary.grammar import FormKind, PartOfSpeech
from learning.vocabulary.models import Example, Form, Language, Lexeme, Pronunciation, Sense, Source, State, Translation

SOURCE = {"name": "Parta starter words", "licence": "BSD 3-Clause"}
# file → language and part of speech, unless a column says it; its other columns are the lemma, gender, auxiliary, kinds
# of forms, translations by the code of their language, and pronunciation, example and its Russian translation
FILES = {
    "english_adjectives.tsv": ("en", PartOfSpeech.ADJECTIVE),
    "english_nouns.tsv": ("en", PartOfSpeech.NOUN),
    "english_other.tsv": ("en", None),
    "english_verbs.tsv": ("en", PartOfSpeech.VERB),
    "french_adjectives.tsv": ("fr", PartOfSpeech.ADJECTIVE),
    "french_nouns.tsv": ("fr", PartOfSpeech.NOUN),
    "french_other.tsv": ("fr", None),
    "french_verbs.tsv": ("fr", PartOfSpeech.VERB),
}


@transaction.atomic
def add_starter_words() -> int:
    """Add those that the dictionary does not have; returns how many."""
    source, _made = Source.objects.get_or_create(name=SOURCE["name"], defaults=SOURCE)
    languages = {one.code: one for one in Language.objects.all()}
    wanted = {_key(row): row for row in _rows()}
    same = Lexeme.objects.filter(language__code__in={key[0] for key in wanted}, lemma__in={key[1] for key in wanted})
    there = set(same.filter(homograph=1).values_list("language__code", "lemma", "part_of_speech", "gender"))
    new = [row for key, row in wanted.items() if key not in there]
    now = timezone.now()
    lexemes = [
        Lexeme(
            language=languages[row["language"]], lemma=row["lemma"], folded=fold(row["lemma"]), source=source,
            part_of_speech=row["part_of_speech"], gender=row.get("gender", ""), auxiliary=row.get("auxiliary", ""),
            state=State.APPROVED, added_at=now,
        )
        for row in new
    ]  # fmt: skip
    Lexeme.objects.bulk_create(lexemes)
    # the moment of adding is that of the last change, as long as nobody changes it
    Lexeme.objects.filter(pk__in=[one.pk for one in lexemes]).update(changed_at=now)
    _add_parts(list(zip(lexemes, new, strict=True)), languages)
    return len(lexemes)


def _key(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["language"], row["lemma"], row["part_of_speech"], row.get("gender", "")


def _add_parts(made: list[tuple[Lexeme, dict[str, Any]]], languages: dict[str, Language]) -> None:
    Form.objects.bulk_create(
        Form(lexeme=lexeme, kind=kind, spelling=spelling, folded=fold(spelling))
        for lexeme, row in made
        for kind in FormKind
        for spelling in _several(row.get(kind, ""))
    )
    senses: list[Sense] = Sense.objects.bulk_create(Sense(lexeme=lexeme) for lexeme, _row in made)
    Translation.objects.bulk_create(
        Translation(sense=sense, language=language, text=text, folded=fold(text))
        for sense, (_lexeme, row) in zip(senses, made, strict=True)
        for code, language in languages.items()
        for text in _several(row.get(code, ""))
    )
    Pronunciation.objects.bulk_create(Pronunciation(lexeme=lexeme, ipa=row["ipa"]) for lexeme, row in made)
    Example.objects.bulk_create(
        Example(lexeme=lexeme, text=row["example"], translation=row["translation"]) for lexeme, row in made
    )


def remove_starter_words() -> int:
    """Delete those that nobody has changed, learns or has in a set; returns how many."""
    unchanged = Lexeme.objects.filter(source__name=SOURCE["name"], changed_at=F("added_at"), cards=None, in_sets=None)
    count = unchanged.count()
    unchanged.delete()
    Source.objects.filter(name=SOURCE["name"], lexemes=None).delete()
    return count


def _rows() -> Iterator[dict[str, Any]]:
    for name, (code, part) in FILES.items():
        for row in _table(name):
            yield {**row, "language": code, "part_of_speech": part or row["part_of_speech"]}


def _table(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("learning.vocabulary.starter").joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t")


def _several(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(",") if part.strip()]

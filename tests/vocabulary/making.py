"""Small factories for the dictionary."""

import gzip
import io
import struct
import uuid
import wave
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from learning.accounts.models import User
from learning.vocabulary.imports.freedict import DIGITS
from learning.vocabulary.models import (
    AnkiHistory,
    Card,
    DeckSettings,
    Form,
    Language,
    Lexeme,
    Pronunciation,
    Sense,
    SetGiven,
    State,
    Translation,
    WordSet,
)
from learning.vocabulary.reviews.deck import Answer, record, save_words
from learning.vocabulary.reviews.scheduling import Rules

ALPHABET = {number: digit for digit, number in DIGITS.items()}
INFO = ("00databaseinfo", "French-English FreeDict Dictionary\n\nlivre <n, neut>\nthis is no entry\n")
# as FreeDict has them
FRENCH = (
    ("livre", "livre /livʀ/ <n, masc>\nbook\n"),
    ("livre", "livre /livʀ/ <n, fem>\npound\n"),
    ("livrer", "livrer /livʀe/ <v>\n1. accuse, denounce\n2. deliver (goods, mail), supply\n"),
    ("oeil", "œil /œj/ <n, masc>\neye\n"),
    ("voler", "voler /vɔle/ <v>\nfly\n"),
    ("voler", "voler /vɔle/ <v>\nsteal\n"),
)


def digits(number: int) -> str:
    text = ALPHABET[number % 64]
    while number := number // 64:
        text = ALPHABET[number % 64] + text
    return text


def dictd(folder: Path, entries: Any = FRENCH, *, name: str = "fra-eng") -> tuple[Path, Path]:
    """Write a dictionary in the format of dictd: its index and its compressed texts."""
    index, texts = "", b""
    for headword, text in (INFO, *entries):
        data = text.encode()
        index += f"{headword}\t{digits(len(texts))}\t{digits(len(data))}\n"
        texts += data
    paths = folder / f"{name}.index", folder / f"{name}.dict.dz"
    paths[0].write_text(index, encoding="utf-8")
    paths[1].write_bytes(gzip.compress(texts))
    return paths


def language(code: str) -> Language:
    return Language.objects.get(code=code)


def everything_about_words(person: User, teacher: User) -> None:
    """A row of each kind that the vocabulary stores about a person."""
    settings = DeckSettings.objects.create(owner=person)
    mine = word("papillon", "fr", "butterfly", added_by=person)
    save_words(owner=person, lexemes=[mine], settings=settings)
    for card in Card.objects.filter(owner=person):
        answer = Answer(uuid.uuid4(), card.pk, 3, timezone.now(), typed="papilon", verdict="typo")
        record(owner=person, answers=[answer], rules=Rules.of(settings))
    WordSet.objects.create(owner=person, name="Insects", about="Of the garden")
    AnkiHistory.objects.create(owner=person, language=mine.language, filename="insects.apkg", report={"counts": {}})
    given = WordSet.objects.create(owner=teacher, name="Animals")
    SetGiven.objects.create(word_set=given, student=person, given_by=teacher)


def word(lemma: str, code: str = "fr", *translations: str, **facts: Any) -> Lexeme:
    """An approved word, with one sense that has these English translations, and `forms` by kind."""
    forms = facts.pop("forms", {})
    ipa = facts.pop("ipa", "")
    made = Lexeme.objects.create(language=language(code), lemma=lemma, **{"state": State.APPROVED, **facts})
    for kind, spelling in forms.items():
        Form.objects.create(lexeme=made, kind=kind, spelling=spelling)
    if ipa:
        Pronunciation.objects.create(lexeme=made, ipa=ipa)
    if translations:
        sense = Sense.objects.create(lexeme=made)
        for text in translations:
            Translation.objects.create(sense=sense, language=language("en"), text=text)
    return made


def a_sound(name: str = "word.wav") -> SimpleUploadedFile:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(struct.pack("<h", 100) * 800)
    return SimpleUploadedFile(name, data.getvalue())


def a_picture(name: str = "horse.png") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (800, 600), "brown").save(data, "PNG")
    return SimpleUploadedFile(name, data.getvalue())

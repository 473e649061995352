"""Packages of Anki, good and hostile, and the upload of a file to be imported."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import genanki
from django.core.files.uploadedfile import SimpleUploadedFile

from learning.vocabulary.imports import anki
from learning.vocabulary.models import DictionaryImport
from tests.vocabulary.making import a_picture, a_sound, language

PAGE = "/cms/vocabulary/import/"


def package(folder: Path, *notes: tuple[str, str], name: str = "deck.apkg") -> Path:
    model = genanki.Model(
        1, "Basic", fields=[{"name": "Front"}, {"name": "Back"}],
        templates=[{"name": "Card", "qfmt": "{{Front}}", "afmt": "{{Back}}"}],
    )  # fmt: skip
    deck = genanki.Deck(2, "Deck")
    for fields in notes:
        deck.add_note(genanki.Note(model=model, fields=list(fields)))
    path = folder / name
    genanki.Package(deck).write_to_file(str(path))
    return path


def changed(path: Path, *statements: str) -> Path:
    """The package with its database changed by these statements."""
    database = path.with_suffix(".db")
    with zipfile.ZipFile(path) as archive:
        database.write_bytes(archive.read("collection.anki2"))
    with sqlite3.connect(database) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(database, "collection.anki2")
    return path


def replaced(path: Path, name: str, content: str) -> Path:
    """The package with another content of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for part, data in {**parts, name: content.encode()}.items():
            archive.writestr(part, data)
    return path


def with_media(folder: Path) -> Path:
    """A package with two sounds and a picture, one sound that is none, and names of files that it does not have."""
    files = {"livre.wav": a_sound().read(), "kniga.wav": a_sound().read(), "un livre.png": a_picture().read()}
    files["fake.mp3"] = b"no sound"
    for name, content in files.items():
        (folder / name).write_bytes(content)
    path = package(
        folder,
        ('livre[sound:livre.wav]<img class="x" src="un%20livre.png">', "book[sound:kniga.wav]"),
        ("œil", "eye[sound:kniga.wav]<img src=https://example.org/eye.png>"),
        ("lampe[sound:fake.mp3]", "lamp"),
        ("fleur[sound:../gone.mp3]", "flower"),
    )
    with zipfile.ZipFile(path) as archive:
        database = archive.read("collection.anki2")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("collection.anki2", database)
        archive.writestr("media", json.dumps({str(number): name for number, name in enumerate(files)}))
        for number, content in enumerate(files.values()):
            archive.writestr(str(number), content)
    return path


def hostile_packages(folder: Path) -> Iterator[Path]:
    (folder / "text.apkg").write_text("no archive")
    yield folder / "text.apkg"
    for name, parts in {
        "empty.apkg": {},
        "outside.apkg": {"../collection.anki2": b"x"},
        "newer.apkg": {"collection.anki21b": b"x", "meta": b"x"},
        "broken.apkg": {"collection.anki2": b"SQLite format 3\x00" + b"\xff" * 5000},
        "other.apkg": {"collection.anki2": b"plain text"},
    }.items():
        with zipfile.ZipFile(folder / name, "w") as archive:
            for part, data in parts.items():
                archive.writestr(part, data)
        yield folder / name
    with zipfile.ZipFile(folder / "bomb.apkg", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("collection.anki2", b"\0" * (anki.LARGEST + 1))
    yield folder / "bomb.apkg"


def uploaded(client: Any, path: Path, **facts: Any) -> DictionaryImport:
    data = {
        "file": SimpleUploadedFile(path.name, path.read_bytes()), "language": language("fr").pk,
        "into": language("en").pk, "source": "Uploaded", "approves": "on", **facts,
    }  # fmt: skip
    answer = client.post(PAGE, data)
    assert answer.status_code == 302, answer.content.decode()
    return DictionaryImport.objects.latest("pk")

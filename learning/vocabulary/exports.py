"""Words as files: a table (CSV), and a package for Anki whose second import makes no duplicates."""

import itertools
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO, Any

import genanki
from django.http import FileResponse
from django.utils.html import escape
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from learning.vocabulary.models import Lexeme
from learning.vocabulary.reviews.questions import Facts, facts_of, meanings_for

# Anki knows a kind of notes and a deck by their numbers: they must stay the same for ever
MODEL_ID = 1_607_392_319
GUID_SALT = "parta"
BATCH = 200
FIELDS = ("Word", "Pronunciation", "Grammar", "Meaning", "Forms", "Example", "Source")
# HTML: texts are escaped before they become fields
CSS = ".card { font-family: sans-serif; font-size: 22px; text-align: center } .small { font-size: 15px; color: #666 }"
_BACK = (
    '{{FrontSide}}<hr id="answer">{{Meaning}}<div class="small">{{Pronunciation}} {{Grammar}}<br>{{Forms}}'
    "<br>{{Example}}</div>"
)
_TURNED = (
    '{{FrontSide}}<hr id="answer">{{Word}}<div class="small">{{Pronunciation}} {{Grammar}}<br>{{Forms}}'
    "<br>{{Example}}</div>"
)


def table(lexemes: Sequence[Lexeme]) -> tuple[list[str], Iterator[list[Any]]]:
    """Headings and rows for a table of these words."""
    headings = [
        pgettext("dictionary", "Word"), _("Language"), _("Part of speech"), _("Gender"), _("Pronunciation"),
        _("Meaning"), _("Forms"), _("Example"), _("Translation of the example"), pgettext("dictionary", "Source"),
        _("Licence"),
    ]  # fmt: skip
    return headings, (_row(lexeme, facts) for lexeme, facts in _with_facts(lexemes))


def _with_facts(lexemes: Sequence[Lexeme]) -> Iterator[tuple[Lexeme, Facts]]:
    for start in range(0, len(lexemes), BATCH):
        part = lexemes[start : start + BATCH]
        facts = facts_of([one.pk for one in part])
        yield from ((one, facts[one.pk]) for one in part)


def _row(lexeme: Lexeme, facts: Facts) -> list[Any]:
    example, translation = facts.examples[0] if facts.examples else ("", "")
    return [
        lexeme.lemma,
        lexeme.language.code,
        lexeme.part_of_speech,
        lexeme.gender,
        facts.sounds[0] if facts.sounds else "",
        ", ".join(meanings_for(facts, lexeme.language)),
        ", ".join(f"{kind}: {spelling}" for kind, spelling in facts.forms),
        example,
        translation,
        lexeme.source.name if lexeme.source else "",
        lexeme.source.licence if lexeme.source else "",
    ]


def anki_package(name: str, lexemes: Sequence[Lexeme]) -> FileResponse:
    """A package (`.apkg`) with a deck of this name. A word has the same number in every package of this school."""
    deck = genanki.Deck(_number(f"deck/{name}"), name)
    model = _model()
    for lexeme, facts in _with_facts(lexemes):
        deck.add_note(
            genanki.Note(model=model, guid=genanki.guid_for(GUID_SALT, *_key(lexeme)), fields=_fields(lexeme, facts))
        )
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by the response)
    _write(genanki.Package(deck), file)
    file.seek(0)
    answer = FileResponse(file, as_attachment=True, filename=f"{slugify(name) or 'words'}.apkg")
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _write(package: genanki.Package, file: IO[bytes]) -> None:
    """As the library's `write_to_file`, which leaves a file in the temporary folder each time."""
    now = time.time()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        path = Path(folder) / "collection.anki2"
        with closing(sqlite3.connect(path)) as database, database:
            package.write_to_db(database.cursor(), now, itertools.count(int(now * 1000)))
        archive.write(path, path.name)
        archive.writestr("media", "{}")


def _key(lexeme: Lexeme) -> Iterable[str]:
    """What a word is: the same in another school, and after it was deleted and imported again."""
    return (lexeme.language.code, lexeme.lemma, lexeme.part_of_speech, lexeme.gender, str(lexeme.homograph))


def _number(text: str) -> int:
    return (1 << 30) + zlib.crc32(text.encode()) % (1 << 30)


def _model() -> genanki.Model:
    return genanki.Model(
        MODEL_ID,
        "Parta word",
        fields=[{"name": name} for name in FIELDS],
        templates=[
            {"name": "Recognise", "qfmt": "{{Word}}", "afmt": _BACK},
            {"name": "Produce", "qfmt": "{{Meaning}}", "afmt": _TURNED},
        ],
        css=CSS,
    )


def _fields(lexeme: Lexeme, facts: Facts) -> list[str]:
    example = " — ".join(part for part in (facts.examples[0] if facts.examples else ()) if part)
    source = lexeme.source
    return [
        escape(text)
        for text in (
            lexeme.with_article,
            f"/{facts.sounds[0]}/" if facts.sounds else "",
            lexeme.grammar,
            ", ".join(meanings_for(facts, lexeme.language)),
            ", ".join(spelling for _kind, spelling in facts.forms),
            example,
            f"{source.name}, {source.licence}" if source else "",
        )
    ]

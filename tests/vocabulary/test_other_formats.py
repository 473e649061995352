"""Words from Wiktionary's extracts, tables and Anki's packages; hostile files; the screens of the CMS."""

import gzip
import json
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import genanki
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from learning.accounts.roles import Role
from learning.library.models import Picture, StoredFile
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki, entries, kaikki, running, tables, writing
from learning.vocabulary.imports.columns import guess_columns
from learning.vocabulary.imports.entries import Entry, Skipped
from learning.vocabulary.imports.files import picture_in, sound_in, take_files
from learning.vocabulary.models import DictionaryImport, Lexeme, Pronunciation, Source, State
from tests import school
from tests.vocabulary.making import a_picture, a_sound, language, word

pytestmark = pytest.mark.django_db
LIVRE = {
    "word": "livre", "lang_code": "fr", "pos": "noun",
    "senses": [
        {"glosses": ["book"], "tags": ["masculine"], "topics": ["printing"],
         "examples": [{"text": "Un bon livre.", "translation": "A good book."}]},
        {"glosses": ["book", "part of a work"], "tags": ["dated"]},
    ],
    "sounds": [{"audio": "x.ogg"}, {"ipa": "/livʁ/"}],
    "forms": [
        {"form": "livres", "tags": ["plural"]}, {"form": "livre", "tags": ["singular"]},
        {"form": "no-table-tags", "tags": ["table-tags"]},
    ],
}  # fmt: skip
POUND = {"word": "livre", "lang_code": "fr", "pos": "noun", "senses": [{"glosses": ["pound"], "tags": ["feminine"]}]}
PLURAL = {
    "word": "livres", "lang_code": "fr", "pos": "noun",
    "senses": [{"glosses": ["plural of livre"], "form_of": [{"word": "livre"}]}],
}  # fmt: skip
GO = {
    "word": "go", "lang_code": "en", "pos": "verb", "senses": [{"glosses": ["To move."], "tags": ["informal"]}],
    "forms": [{"form": "went", "tags": ["past"]}, {"form": "gone", "tags": ["past", "participle"]}],
    "translations": [{"code": "fr", "word": "aller"}, {"code": "ru", "word": "идти"}, {"code": "fr", "word": "aller"}],
}  # fmt: skip


def extract(folder: Path, *rows: Any, name: str = "words.jsonl") -> Path:
    path = folder / name
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def entries_of(path: Path, code: str = "fr", into: str = "en") -> list[Entry | Skipped]:
    with kaikki.opened(path, language=code, into=into) as reader:
        found = list(reader.entries())
        assert len(found) == reader.total
        return found


def test_an_extract_of_wiktionary_gives_genders_forms_sounds_and_examples(tmp_path: Path) -> None:
    book, pound, plural = entries_of(extract(tmp_path, LIVRE, POUND, PLURAL, name="fr.jsonl.gz"))
    assert isinstance(book, Entry)
    assert (book.lemma, book.part_of_speech, book.gender, book.ipa) == ("livre", "noun", "m", "livʁ")
    assert book.forms == (("plural", "livres"),)
    assert [(sense.translations, sense.subject, sense.register) for sense in book.senses] == [
        (("book",), "printing", ""), (("part of a work",), "", "dated"),
    ]  # fmt: skip
    assert (book.examples[0].text, book.examples[0].translation) == ("Un bon livre.", "A good book.")
    assert isinstance(pound, Entry)
    assert (pound.gender, pound.homograph) == ("f", 1)
    assert isinstance(plural, Skipped)  # a form of another word, which that word has


def test_an_english_word_is_defined_and_translated(tmp_path: Path) -> None:
    (go,) = entries_of(extract(tmp_path, GO), "en", "fr")
    assert isinstance(go, Entry)
    assert go.forms == (("past", "went"), ("past_participle", "gone"))
    assert [(sense.definition, sense.translations) for sense in go.senses] == [("To move.", ("aller",))]


@pytest.mark.parametrize(
    "line",
    [
        "no json", "[1, 2]", "5", '{"word": 5, "lang_code": "fr"}', '{"lang_code": "fr"}', "[" * 100_000,
        '{"word": "x", "lang_code": "fr", "senses": 5}', '{"word": "x", "lang_code": "fr", "senses": [5, null]}',
        json.dumps({**LIVRE, "word": "x" * 10_000}), json.dumps({**LIVRE, "lang_code": "de"}),
    ],
)  # fmt: skip
def test_a_bad_line_is_skipped_with_its_reason_and_the_rest_is_read(tmp_path: Path, line: str) -> None:
    bad, good = entries_of(extract(tmp_path, line, LIVRE))
    assert isinstance(bad, Skipped)
    assert bad.reason
    assert isinstance(good, Entry)


def test_a_damaged_archive_and_an_endless_line_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = extract(tmp_path, LIVRE, POUND, name="fr.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(VocabularyError):
        entries_of(path)
    monkeypatch.setattr(kaikki, "LONGEST_LINE", 100)
    with pytest.raises(VocabularyError):
        entries_of(extract(tmp_path, LIVRE))


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


def test_a_package_of_anki_gives_words_without_html_and_sounds(tmp_path: Path) -> None:
    path = package(tmp_path, ("<b>le&nbsp;livre</b>[sound:a.mp3]", "book<br>volume"), ("{{c1::œil}}", "eye"))
    with anki.opened(path) as found:
        assert found.fields() == ["Front", "Back"]
        columns = guess_columns(found.fields())
    with anki.opened(path, columns=columns) as found:
        rows = list(found.entries())
    assert [(row.lemma, row.senses[0].translations) for row in rows if isinstance(row, Entry)] == [
        ("le livre", ("book", "volume")), ("œil", ("eye",)),
    ]  # fmt: skip


def test_nothing_in_a_package_runs(tmp_path: Path) -> None:
    """Triggers do nothing when one reads; a view or a virtual table in the place of a table is refused."""
    path = changed(
        package(tmp_path, ("livre", "book")),
        "CREATE TABLE seen (n)",
        "CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO seen VALUES (1); END",
    )
    with anki.opened(path, columns={"lemma": 0, "translation": 1}) as found:
        assert len(list(found.entries())) == 1
        for forbidden in (
            "INSERT INTO notes (id) VALUES (9)",
            "ATTACH 'x' AS y",
            "SELECT * FROM seen",
            "SELECT load_extension('x')",
            "PRAGMA user_version",
            "SELECT sql FROM sqlite_master",
        ):
            with pytest.raises(VocabularyError):
                list(found.ask(forbidden))
    view = "ALTER TABLE notes RENAME TO n2", "CREATE VIEW notes AS SELECT * FROM n2"
    path = changed(package(tmp_path, ("livre", "book")), *view)
    with pytest.raises(VocabularyError), anki.opened(path):
        pass


def test_a_computed_column_and_marks_without_end_are_no_bombs(tmp_path: Path) -> None:
    bomb = changed(
        package(tmp_path, ("livre", "book")),
        "ALTER TABLE notes RENAME TO n2",
        "CREATE TABLE notes (id, mid, flds TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))) VIRTUAL)",
        "INSERT INTO notes (id, mid) SELECT id, mid FROM n2",
    )
    with pytest.raises(VocabularyError), anki.opened(bomb):
        pass
    started = time.process_time()
    assert anki.plain_text("{{c1::" * 100_000).startswith("{{c1::")
    assert anki.plain_text("{{c1::a::b}} {{c2::c}} {{cx::d}}") == "a c {{cx::d}}"
    fields = "UPDATE notes SET flds = 'a' || replace(hex(zeroblob(200000)), '00', char(31))"
    many = changed(package(tmp_path, ("livre", "book")), fields)
    with anki.opened(many, columns={"lemma": 0, "translation": 1}) as found:
        assert len(found.sample(1)[0]) <= anki.MOST_FIELDS
    assert time.process_time() - started < 2


def test_what_no_database_stores_is_cleaned_or_skipped(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    odd = {**LIVRE, "word": "a\ud800b", "senses": [{"glosses": ["c\ud800\x00d"]}]}
    run = uploaded(client, extract(tmp_path, odd, json.dumps({"lang_code": "fr", "word": "x\x00y\ud800"})))
    for step in ("check", "start"):
        client.post(f"{PAGE}{run.pk}/step/", {step: ""})
    run.refresh_from_db()
    assert (run.state, run.created, run.skipped) == ("done", 1, 1)
    assert Lexeme.objects.get().lemma == "ab"
    table = tmp_path / "same.csv"
    table.write_text("word,translation\n" + "noun,x\n" * 1100)
    call_command("import_dictionary", table, language="fr", into="en", source="Same")
    assert Lexeme.objects.filter(lemma="noun").count() == 1000


def test_an_import_whose_worker_died_goes_on_with_no_word_twice(
    tmp_path: Path, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    monkeypatch.setattr(entries, "BATCH", 2)
    rows = [{**POUND, "word": f"mot{number}"} for number in range(7)]
    run = uploaded(client, extract(tmp_path, *rows))
    client.post(f"{PAGE}{run.pk}/step/", {"check": ""})
    DictionaryImport.objects.update(state="running", position=0, created=0)
    stored = writing._Batch.store

    def dies(self: Any, *args: Any) -> None:
        if Lexeme.objects.count() == 4:
            raise SystemExit  # as a worker ends that is killed between two batches
        stored(self, *args)

    monkeypatch.setattr(writing._Batch, "store", dies)
    with pytest.raises(SystemExit):
        running.carry_out(run_id=run.pk)
    monkeypatch.setattr(writing._Batch, "store", stored)
    run.refresh_from_db()
    assert (run.state, run.position, Lexeme.objects.count()) == ("running", 4, 4)
    for _n in range(2):  # the job may run twice
        running.carry_out(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.position, run.created) == ("done", 7, 7)
    assert sorted(Lexeme.objects.values_list("lemma", flat=True)) == [f"mot{number}" for number in range(7)]


def test_an_import_that_failed_half_way_can_be_undone(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    run = uploaded(client, extract(tmp_path, LIVRE, POUND))
    for step in ("check", "start"):
        client.post(f"{PAGE}{run.pk}/step/", {step: ""})
    DictionaryImport.objects.update(state="failed")
    assert "Undo this import" in client.get(f"{PAGE}{run.pk}/").content.decode()
    client.post(f"{PAGE}{run.pk}/step/", {"undo": ""})
    assert not Lexeme.objects.exists()
    # with nothing left there is nothing to undo
    assert "Undo this import" not in client.get(f"{PAGE}{run.pk}/").content.decode()


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


def test_hostile_packages_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    for path in hostile_packages(tmp_path):
        with pytest.raises(VocabularyError), anki.opened(path):
            pass
    assert not list(tmp_path.parent.glob("collection.anki2"))


def test_a_table_is_read_by_its_headings(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("Слово;Род;Перевод;plural\nlivre;м;book, volume;livres\n;m;x;\n'=cmd;;formula;\n", encoding="utf-8")
    headings = tables.first_rows(path, path.name, 1)[0]
    columns = guess_columns(headings)
    assert columns == {"lemma": 0, "gender": 1, "translation": 2, "plural": 3}
    with tables.opened(path, name=path.name, columns=columns) as table:
        book, empty, formula = table.entries()
    assert isinstance(book, Entry)
    assert (book.gender, book.part_of_speech, book.forms) == ("m", "noun", (("plural", "livres"),))
    assert book.senses[0].translations == ("book", "volume")
    assert isinstance(empty, Skipped)
    assert isinstance(formula, Entry)


def test_the_command_reads_every_format_and_twice_changes_nothing(tmp_path: Path) -> None:
    facts = {"language": "fr", "into": "en", "source": "Test", "approve": True}
    table = tmp_path / "t.csv"
    table.write_text("word,translation\nlampe,lamp\n")
    for path in (extract(tmp_path, LIVRE, POUND), table, package(tmp_path, ("œil", "eye"))):
        for _n in range(2):
            call_command("import_dictionary", path, **facts)
    assert sorted(Lexeme.objects.values_list("lemma", "gender")) == [
        ("lampe", ""), ("livre", "f"), ("livre", "m"), ("œil", ""),
    ]  # fmt: skip
    assert set(Lexeme.objects.values_list("state", flat=True)) == {State.APPROVED}
    with pytest.raises(CommandError):
        call_command("import_dictionary", tmp_path / "x.pdf", **facts)


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


def test_sounds_and_pictures_of_a_package_come_with_its_words_and_go_with_them(
    tmp_path: Path, visit: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = visit(school.person("editor", Role.EDITOR, language="fr"))
    run = uploaded(client, with_media(tmp_path))
    client.post(f"{PAGE}{run.pk}/columns/", {"lemma": "0", "translation": "1"})
    client.post(f"{PAGE}{run.pk}/step/", {"start": ""})
    run.refresh_from_db()
    assert (run.state, run.created, run.files) == ("done", 4, 2)
    livre = Lexeme.objects.get(lemma="livre")
    (pronunciation,), (picture,) = livre.pronunciations.all(), livre.pictures.all()
    assert pronunciation.recording.file.read() == a_sound().read()
    assert (picture.alt, picture.picture.width) == ("book", 800)
    # the sound of the translation is not that of the word, and a picture of the web is not fetched
    assert not Pronunciation.objects.exclude(lexeme=livre).exists()
    assert sorted(lemma for lemma, _why in run.reasons) == ["fleur", "lampe"]
    # said in the language of who imports
    assert any("Le contenu de ce fichier" in why for _lemma, why in run.reasons), run.reasons
    page = client.get(f"{PAGE}{run.pk}/").content.decode()
    assert "Sons et images : 2" in page
    assert "../gone.mp3" in page
    # again: nothing more
    with anki.opened(tmp_path / "deck.apkg", columns=run.columns) as reader:
        assert len(list(take_files(run, reader))) == 2
    assert StoredFile.objects.count() == 1
    stored = [Path(pronunciation.recording.file.path), Path(picture.picture.file.path)]
    assert all(path.exists() for path in stored)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{PAGE}{run.pk}/step/", {"undo": ""})
    assert not StoredFile.objects.exists()
    assert not Picture.objects.exists()
    assert not any(path.exists() for path in stored)


def test_slow_work_with_the_rows_of_a_package_is_not_its_fault(tmp_path: Path) -> None:
    path = package(tmp_path, *((f"mot{number}", "word") for number in range(900)))
    with anki.opened(path, columns={"lemma": 0, "translation": 1}, seconds=1) as reader:
        rows = reader.entries()
        next(rows)
        time.sleep(1.2)
        assert len(list(rows)) == 899


def test_a_file_that_an_other_word_has_stays_when_an_import_is_undone(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    call_command("import_dictionary", with_media(tmp_path), language="fr", into="en", source="Test")
    livre = Lexeme.objects.get(lemma="livre")
    other = Pronunciation.objects.create(lexeme=word("livret"), recording=livre.pronunciations.get().recording)
    client.post(f"{PAGE}{DictionaryImport.objects.get().pk}/step/", {"undo": ""})
    assert not Lexeme.objects.filter(pk=livre.pk).exists()
    other.refresh_from_db()
    assert other.recording is not None
    assert not Picture.objects.exists()


@pytest.mark.parametrize(
    ("field", "sound", "picture"),
    [
        ("[sound:a b.mp3] [sound:c.mp3]", "a b.mp3", ""),
        ("[sound:caf&eacute;.mp3]", "café.mp3", ""),
        ("[sound:]", "", ""),
        ("<img src='x.jpg'>", "", "x.jpg"),
        ('<IMG width=1\nsrc = "x&amp;y.jpg">', "", "x&y.jpg"),
        ('<img src="//example.org/x.jpg"><img src="y.jpg">', "", ""),
        ("<img src=data:image/png;base64,AA>", "", ""),
        ("<img " + "x" * 5000, "", ""),
    ],
)
def test_names_of_media_are_read_from_fields(field: str, sound: str, picture: str) -> None:
    assert (sound_in(field), picture_in(field)) == (sound, picture)


PAGE = "/cms/vocabulary/import/"


def uploaded(client: Any, path: Path, **facts: Any) -> DictionaryImport:
    data = {
        "file": SimpleUploadedFile(path.name, path.read_bytes()), "language": language("fr").pk,
        "into": language("en").pk, "source": "Uploaded", "approves": "on", **facts,
    }  # fmt: skip
    answer = client.post(PAGE, data)
    assert answer.status_code == 302, answer.content.decode()
    return DictionaryImport.objects.latest("pk")


def test_an_upload_is_checked_carried_out_and_undone(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    run = uploaded(client, extract(tmp_path, LIVRE, POUND, "no json"))
    page = client.post(f"{PAGE}{run.pk}/step/", {"check": ""}, follow=True).content.decode()
    assert "Checked, nothing changed yet" in page
    assert "it is no JSON" in page
    assert not Lexeme.objects.exists()
    client.post(f"{PAGE}{run.pk}/step/", {"start": ""})
    run.refresh_from_db()
    assert (run.state, run.created, run.skipped) == ("done", 2, 1)
    # a second click does nothing more
    client.post(f"{PAGE}{run.pk}/step/", {"start": ""})
    assert Lexeme.objects.count() == 2
    # what somebody learns or has changed stays
    learned = Lexeme.objects.get(gender="f")
    school.person("learner").cards.create(lexeme=learned, kind="recognise")
    client.post(f"{PAGE}{run.pk}/step/", {"undo": ""})
    run.refresh_from_db()
    assert run.state == "undone"
    assert list(Lexeme.objects.all()) == [learned]


def test_columns_of_a_table_are_matched_on_a_page(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    path = tmp_path / "words.csv"
    path.write_text("A,B\nbook,livre\n")
    run = uploaded(client, path)
    assert "livre" in client.get(f"{PAGE}{run.pk}/columns/").content.decode()
    assert client.post(f"{PAGE}{run.pk}/columns/", {"lemma": "1"}).status_code == 422
    client.post(f"{PAGE}{run.pk}/columns/", {"lemma": "1", "translation": "0"})
    client.post(f"{PAGE}{run.pk}/step/", {"start": ""})
    assert Lexeme.objects.get().lemma == "livre"


def test_a_hostile_upload_says_why_and_changes_nothing(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    for path in hostile_packages(tmp_path):
        run = uploaded(client, path)
        page = client.get(f"{PAGE}{run.pk}/columns/", follow=True).content.decode()
        assert "Check the entries" in page, path.name
        run.refresh_from_db()
        assert run.state == "uploaded"  # looking changes nothing
        page = client.post(f"{PAGE}{run.pk}/step/", {"check": ""}, follow=True).content.decode()
        assert "Could not be read" in page, path.name
        run.refresh_from_db()
        assert run.problem
    wrong = {
        "file": SimpleUploadedFile("x.exe", b"MZ"),
        "language": language("fr").pk,
        "into": language("fr").pk,
        "source": "S",
    }
    assert client.post(PAGE, wrong).status_code == 422
    assert not Lexeme.objects.exists()


def test_only_who_writes_the_dictionary_imports(visit: Any) -> None:
    source = Source.objects.create(name="Some dictionary")
    run = DictionaryImport.objects.create(source=source, language=language("fr"), into=language("en"))
    for role, status in ((None, 302), (Role.STUDENT, 302), (Role.MODERATOR, 302), (Role.TEACHER, 200)):
        client = visit(school.person(f"p{role}", role) if role else school.person("nobody"))
        assert client.get(PAGE).status_code == status, role
        assert client.get(f"{PAGE}{run.pk}/").status_code == status, role
        client.post(f"{PAGE}{run.pk}/step/", {"check": ""})
    run.refresh_from_db()
    assert run.state == "running"

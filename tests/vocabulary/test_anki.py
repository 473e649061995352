"""Words, sounds and pictures of Anki's packages; hostile packages."""

import itertools
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from learning.accounts.roles import Role
from learning.library.models import Picture, StoredFile
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki, writing
from learning.vocabulary.imports.columns import guess_columns
from learning.vocabulary.imports.entries import Entry
from learning.vocabulary.imports.files import picture_in, sound_in, take_files
from learning.vocabulary.models import DictionaryImport, Lexeme, Pronunciation, Source
from tests import school
from tests.vocabulary.import_files import PAGE, changed, hostile_packages, package, replaced, uploaded, with_media
from tests.vocabulary.making import a_sound, language, word

pytestmark = pytest.mark.django_db


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


def test_hostile_packages_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    for path in hostile_packages(tmp_path):
        with pytest.raises(VocabularyError), anki.opened(path):
            pass
    assert not list(tmp_path.parent.glob("collection.anki2"))


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


def test_questions_to_a_package_end_when_they_took_too_long_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = package(tmp_path, *((f"mot{number}", "word") for number in range(900)))
    ticks = itertools.count(step=0.05)
    with anki.opened(path, columns={"lemma": 0, "translation": 1}, seconds=1) as reader:
        assert len(list(reader.entries())) == 900
        # each look at the clock is a twentieth of a second later: 900 notes are nine hundreds and the end
        monkeypatch.setattr(anki.time, "monotonic", lambda: next(ticks) * 2)
        with pytest.raises(VocabularyError):
            list(reader.entries())


def test_two_workers_give_a_word_one_sound(tmp_path: Path, visit: Any) -> None:
    (tmp_path / "livre.wav").write_bytes(a_sound().read())
    path = package(tmp_path, ("fleur[sound:gone.mp3]", "flower"), ("livre[sound:livre.wav]", "book"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("0", a_sound().read())
    path = replaced(path, "media", json.dumps({"0": "livre.wav"}))
    columns = {"lemma": 0, "translation": 1}
    source = Source.objects.create(name="Test")
    with anki.opened(path, columns=columns) as reader, anki.opened(path, columns=columns) as other:
        run = writing.start_import(reader=reader, source=source, language=language("fr"), into=language("en"))
        list(writing.go_on(run=run, reader=reader))
        Pronunciation.objects.all().delete()
        first = take_files(run, reader)
        assert next(first).lemma == "fleur"  # the words of the first worker are read
        assert [one.lemma for one in take_files(run, other)] == ["fleur"]
        assert list(first) == []
    assert Pronunciation.objects.exclude(recording=None).count() == 1
    run.refresh_from_db()
    assert run.files == 2  # with that of the import


def test_a_picture_that_a_page_shows_stays_when_an_import_is_undone(tmp_path: Path, visit: Any) -> None:
    client = visit(school.person("editor", Role.EDITOR))
    call_command("import_dictionary", with_media(tmp_path), language="fr", into="en", source="Test")
    picture = Picture.objects.get()
    school.course("Shows it", cover=picture)
    client.post(f"{PAGE}{DictionaryImport.objects.get().pk}/step/", {"undo": ""})
    assert not Lexeme.objects.exists()
    assert list(Picture.objects.all()) == [picture]


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

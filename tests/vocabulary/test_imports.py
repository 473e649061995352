"""FreeDict's dictionaries: what is read, stored once, continued after a break, and undone."""

import gzip
import shutil
import subprocess
import time
from collections import Counter, defaultdict
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import entries, freedict, writing
from learning.vocabulary.imports.entries import Entry, Skipped
from learning.vocabulary.models import DictionaryImport, Lexeme, Pronunciation, Sense, Source, Translation
from tests.vocabulary.making import FRENCH, dictd, language, word

pytestmark = pytest.mark.django_db


def read(paths: tuple[Path, Path]) -> list[Entry | Skipped]:
    with freedict.opened(*paths) as reader:
        return list(reader.entries())


def bring_in(paths: tuple[Path, Path], *, batches: int | None = None) -> DictionaryImport:
    """Import a dictionary, or only its first batches, as if the process had died then."""
    source, _made = Source.objects.get_or_create(name="FreeDict")
    with freedict.opened(*paths) as reader:
        run = writing.start_import(reader=reader, source=source, language=language("fr"), into=language("en"))
        for number, _counts in enumerate(writing.go_on(run=run, reader=reader), start=1):
            if number == batches:
                break
    return DictionaryImport.objects.get(pk=run.pk)


def rows() -> tuple[int, int, int]:
    return Lexeme.objects.count(), Sense.objects.count(), Translation.objects.count()


def test_entries_are_read_with_gender_sound_and_meanings(tmp_path: Path) -> None:
    entries: list[Any] = read(dictd(tmp_path))
    assert [entry.key for entry in entries] == [
        ("livre", "noun", "m", 1),
        ("livre", "noun", "f", 1),
        ("livrer", "verb", "", 1),
        ("œil", "noun", "m", 1),
        ("voler", "verb", "", 1),
        ("voler", "verb", "", 2),
    ]
    assert entries[0].ipa == "livʀ"
    assert [sense.translations for sense in entries[2].senses] == [
        ("accuse", "denounce"),
        ("deliver (goods, mail)", "supply"),
    ]


def test_german_entries_have_subjects_examples_and_references() -> None:
    text = (
        "Abbaufeld /abˈaʊfɛlt/ <neut, n, sg>\n [min.] field <n>, district <n>\n"
        '"Das Feld ist leer." - The field is empty.\n   Synonym: {Feld}\n\n see: {Abbaufelder}\n'
    )
    entry: Any = freedict.parsed(text, Counter())
    assert (entry.part_of_speech, entry.gender) == ("noun", "n")
    assert [(sense.subject, sense.translations) for sense in entry.senses] == [("min.", ("field", "district"))]
    assert [(one.text, one.translation) for one in entry.examples] == [("Das Feld ist leer.", "The field is empty.")]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("<masc, fem, n, sg>", ("noun", "mf")),
        ("<pl>", ("noun", "")),
        ("<vt>", ("verb", "")),
        ("<v, trans>", ("verb", "")),
        ("<fem>", ("noun", "f")),
        ("", ("", "")),
        ("<sonstiges>", ("", "")),
    ],
)
def test_grammar_is_read_from_the_tags(tags: str, found: tuple[str, str]) -> None:
    entry: Any = freedict.parsed(f"Wort /vɔʁt/ {tags}".strip() + "\nword\n", Counter())
    assert (entry.part_of_speech, entry.gender) == found


@pytest.mark.parametrize("text", ["", "\n\n", "mot\n", "mot /mo/ <n>\n see: {autre}\n", "x" * 201 + "\nlong\n"])
def test_what_is_no_entry_is_skipped_with_a_reason(text: str) -> None:
    found = freedict.parsed(text, Counter())
    assert isinstance(found, Skipped)
    assert found.reason


def test_a_dictionary_is_stored_with_its_homographs(tmp_path: Path) -> None:
    run = bring_in(dictd(tmp_path))
    assert (run.state, run.created, run.changed, run.skipped) == ("done", 6, 0, 0)
    assert sorted(Lexeme.objects.filter(lemma="livre").values_list("gender", flat=True)) == ["f", "m"]
    assert list(Lexeme.objects.filter(lemma="voler").order_by("homograph").values_list("homograph", flat=True)) == [
        1,
        2,
    ]
    assert set(Lexeme.objects.values_list("state", flat=True)) == {"draft"}
    pound = Translation.objects.get(text="pound")
    assert (pound.folded, pound.sense.lexeme.gender) == ("pound", "f")
    assert Lexeme.objects.get(lemma="œil").folded == "oeil"
    assert Pronunciation.objects.count() == 6


def test_the_same_dictionary_again_changes_nothing(tmp_path: Path) -> None:
    bring_in(dictd(tmp_path))
    before, moments = rows(), set(Lexeme.objects.values_list("pk", "changed_at"))
    run = bring_in(dictd(tmp_path))
    assert (run.created, run.changed, run.skipped) == (0, 0, 6)
    assert rows() == before
    assert set(Lexeme.objects.values_list("pk", "changed_at")) == moments


def test_a_word_that_was_there_gets_what_it_does_not_have(tmp_path: Path) -> None:
    mine = word("livre", "fr", "book", part_of_speech="noun", gender="m")
    run = bring_in(dictd(tmp_path, [("livre", "livre /livʀ/ <n, masc>\n1. book\n2. volume\n")]))
    assert (run.created, run.changed) == (0, 1)
    texts = Translation.objects.filter(sense__lexeme=mine).order_by("pk").values_list("text", flat=True)
    assert list(texts) == ["book", "volume"]


def test_a_word_under_two_headwords_is_one_word_with_both_meanings(tmp_path: Path) -> None:
    twice = (("livre", "livre <n, masc>\nbook\n"), ("livre!", "livre <n, masc>\nvolume, book\n"))
    run = bring_in(dictd(tmp_path, twice))
    assert (run.created, run.changed, run.skipped) == (1, 1, 0)
    assert list(Translation.objects.order_by("pk").values_list("text", flat=True)) == ["book", "volume", "book"]
    again = bring_in(dictd(tmp_path, twice))
    assert (again.created, again.changed, again.skipped) == (0, 0, 2)


def test_an_import_goes_on_where_its_process_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "BATCH", 2)
    paths = dictd(tmp_path)
    died = bring_in(paths, batches=2)
    assert (died.state, died.position, Lexeme.objects.count()) == ("running", 4, 4)
    run = bring_in(paths)
    assert run.pk == died.pk
    assert (run.state, run.position, run.created, Lexeme.objects.count()) == ("done", 6, 6, 6)
    assert run.created + run.changed + run.skipped == run.total
    assert Lexeme.objects.filter(lemma="voler", homograph=2).exists()


def test_an_import_does_not_go_on_with_another_file(tmp_path: Path) -> None:
    run = bring_in(dictd(tmp_path))
    other = dictd(tmp_path, FRENCH[:2], name="other")
    with freedict.opened(*other) as reader, pytest.raises(VocabularyError):
        list(writing.go_on(run=run, reader=reader))


def test_two_processes_do_not_store_the_same_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "BATCH", 2)
    paths = dictd(tmp_path)
    died = bring_in(paths, batches=1)
    with freedict.opened(*paths) as reader, freedict.opened(*paths) as other:
        first = writing.go_on(run=DictionaryImport.objects.get(pk=died.pk), reader=reader)
        second = writing.go_on(run=DictionaryImport.objects.get(pk=died.pk), reader=other)
        next(first)
        with pytest.raises(VocabularyError) as error:
            next(second)
        assert error.value.code == "elsewhere"
        list(first)
    run = DictionaryImport.objects.get(pk=died.pk)
    assert (run.state, run.created, Lexeme.objects.count()) == ("done", 6, 6)


def test_a_dry_run_counts_and_stores_nothing(tmp_path: Path) -> None:
    word("livre", "fr", "book", part_of_speech="noun", gender="m")
    word("livre", "fr", "weight", part_of_speech="noun", gender="f")
    before = rows()
    with freedict.opened(*dictd(tmp_path)) as reader:
        *_steps, counts = writing.dry_run(reader=reader, language=language("fr"), into=language("en"))
    assert (counts.created, counts.changed, counts.skipped) == (4, 1, 1)
    assert rows() == before


def test_undoing_keeps_what_was_changed_since_and_what_was_there(tmp_path: Path) -> None:
    word("chat", "fr", "cat")
    run = bring_in(dictd(tmp_path))
    Lexeme.objects.get(lemma="livrer").save()
    Lexeme.objects.filter(lemma="œil").update(state="approved")  # approving is no change of the word
    assert writing.undo(run=run) == (5, 1)
    assert set(Lexeme.objects.values_list("lemma", flat=True)) == {"chat", "livrer"}
    run.refresh_from_db()
    assert run.state == "undone"


@pytest.mark.parametrize(
    "index", ["livre", "livre\tA", "livre\t!!\tB", "livre\tA\t-1", "livre\t" + "z" * 40 + "\tB", "\xff\xfe\x00"]
)
def test_what_is_no_index_is_refused(tmp_path: Path, index: str) -> None:
    paths = dictd(tmp_path)
    paths[0].write_text(index, encoding="utf-8")
    with pytest.raises(VocabularyError):
        read(paths)


@pytest.mark.parametrize("noise", [" <", " /a", " (", "<", "/", "[", "a, "])
def test_hostile_entries_are_read_in_a_moment(noise: str) -> None:
    begun = time.process_time()
    freedict.parsed(f"mot{noise * 10_000}\nword\n", Counter())
    entry: Any = freedict.parsed(f"mot\n{noise * 10_000}\n" + "word\n" * 5_000, Counter())
    assert time.process_time() - begun < 1
    assert len(entry.senses) <= 100


def test_a_line_of_the_index_has_an_end(tmp_path: Path) -> None:
    paths = dictd(tmp_path)
    paths[0].write_bytes(b"livre" * 10_000 + b"\tA\tB\n")
    with pytest.raises(VocabularyError):
        read(paths)


def test_offsets_beyond_the_file_are_skipped(tmp_path: Path) -> None:
    paths = dictd(tmp_path)
    paths[0].write_text("livre\tzzzz\tB\nlong\tA\tzzzz\n", encoding="utf-8")
    assert [type(one) for one in read(paths)] == [Skipped, Skipped]


def test_a_damaged_and_an_endless_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = dictd(tmp_path)
    whole = paths[1].read_bytes()
    for damaged in (whole[:-20], whole[:40] + b"xxxx" + whole[44:], b"\x1f\x8b", b"\x1f\x8bnonsense"):
        paths[1].write_bytes(damaged)
        with pytest.raises(VocabularyError, match="damaged"):
            read(paths)
    monkeypatch.setattr(freedict, "LARGEST", 1000)
    monkeypatch.setattr(freedict, "CHUNK", 100)
    paths[1].write_bytes(gzip.compress(b"a" * 100_000))
    with pytest.raises(VocabularyError, match="larger"):
        read(paths)


def test_html_and_zero_bytes_of_a_dictionary_run_nowhere(tmp_path: Path, visit: Any, people: Any) -> None:
    paths = dictd(tmp_path, [("evil", 'evil\x00 /x/ <n, masc>\n<script>alert(1)</script> "><img src=x onerror=y>\n')])
    bring_in(paths)
    Lexeme.objects.update(state="approved")
    lexeme = Lexeme.objects.get()
    page = visit(people.student).get(lexeme.get_absolute_url()).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_the_command_imports_tells_and_undoes(tmp_path: Path) -> None:
    index, texts = dictd(tmp_path)
    options = {"language": "fr", "into": "en", "source": "FreeDict French", "licence": "GPL"}
    out = StringIO()
    call_command("import_dictionary", index, texts, **options, dry_run=True, stdout=out)
    assert "6 would be new" in out.getvalue()
    assert not Lexeme.objects.exists()
    call_command("import_dictionary", index, texts, **options, approve=True, stdout=out)
    assert "6 are new" in out.getvalue()
    assert set(Lexeme.objects.values_list("state", "source__licence")) == {("approved", "GPL")}
    call_command("import_dictionary", undo=DictionaryImport.objects.get().pk, stdout=out)
    assert not Lexeme.objects.exists()
    for wrong in ({"language": "xx"}, {"source": ""}):
        with pytest.raises(CommandError):
            call_command("import_dictionary", index, texts, **{**options, **wrong}, stdout=out)
    with pytest.raises(CommandError):
        call_command("import_dictionary", tmp_path / "missing", texts, **options, stdout=out)


@pytest.fixture(scope="session")
def freedict_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's package of FreeDict's French dictionary, unpacked; skips where it cannot be had."""
    installed = Path("/usr/share/dictd")
    if (installed / "freedict-fra-eng.index").exists():
        return installed
    folder = tmp_path_factory.mktemp("freedict")
    if (
        not shutil.which("apt-get")
        or subprocess.run(
            ["apt-get", "download", "dict-freedict-fra-eng"], cwd=folder, capture_output=True, check=False, timeout=60
        ).returncode
    ):
        pytest.skip("FreeDict's package cannot be downloaded here: its real dictionary is NOT tried.")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    return folder / "usr/share/dictd"


@pytest.mark.slow
def test_the_real_french_dictionary_has_its_genders(freedict_packages: Path) -> None:
    paths = (freedict_packages / "freedict-fra-eng.index", freedict_packages / "freedict-fra-eng.dict.dz")
    with freedict.opened(*paths) as reader:
        assert reader.total == 8505
    run = bring_in(paths)
    assert run.created + run.skipped == 8505
    assert run.skipped < 20
    assert Lexeme.objects.exclude(gender="").count() >= 4370
    genders = defaultdict(set)
    for lemma, gender in Lexeme.objects.exclude(gender="").values_list("lemma", "gender"):
        genders[lemma].add(gender)
    assert sum(len(found) > 1 for found in genders.values()) == 7
    again = bring_in(paths)
    assert (again.created, again.changed) == (0, 0)

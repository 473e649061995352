"""Words from Wiktionary's extracts and tables; going on after a crash; the screens of the CMS."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from learning.accounts.roles import Role
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import entries, kaikki, running, tables, writing
from learning.vocabulary.imports.columns import guess_columns
from learning.vocabulary.imports.entries import Entry, Skipped
from learning.vocabulary.models import DictionaryImport, Lexeme, Source, State
from tests import school
from tests.vocabulary.import_files import PAGE, hostile_packages, package, uploaded
from tests.vocabulary.making import language

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

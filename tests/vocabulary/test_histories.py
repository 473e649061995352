"""What was learned in Anki becomes the memory of cards here."""

import sqlite3
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsrs
import pytest
from django.core.files import File
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from learning.accounts.actions import anonymise
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki
from learning.vocabulary.imports.anki_history import old_cards
from learning.vocabulary.models import AnkiHistory, Card, DeckSettings, State
from learning.vocabulary.reviews import histories
from learning.vocabulary.reviews.deck import Answer, record, save_words, undo
from learning.vocabulary.reviews.histories import bring, difficulty_of, forget_packages, read_package
from learning.vocabulary.reviews.scheduling import Rules
from tests import school
from tests.vocabulary.import_files import changed, package
from tests.vocabulary.making import language, word

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CREATED = datetime(2026, 1, 1, 4, tzinfo=UTC)


@pytest.fixture
def words(db: None) -> SimpleNamespace:
    book = word("livre", "fr", "book", part_of_speech="noun", gender="m")
    eye = word("œil", "fr", "eye", part_of_speech="noun", gender="m")
    word("brouillon", "fr", "draft", state=State.DRAFT)
    return SimpleNamespace(book=book, eye=eye, learner=school.person("learner"))


def learned(path: Path, *statements: str) -> Path:
    """The package with its collection made at `CREATED`, and its cards changed by these statements."""
    return changed(path, f"UPDATE col SET crt = {int(CREATED.timestamp())}", *statements)  # noqa: S608


def in_review(number: int, due_day: int, interval: int, ease: int = 2500) -> str:
    """A card under review: the number of its note in the order of the package."""
    chosen = f"(SELECT id FROM notes ORDER BY id LIMIT 1 OFFSET {number})"  # noqa: S608
    values = f"due = {due_day}, ivl = {interval}, factor = {ease}, lapses = 1"
    return f"UPDATE cards SET type = 2, queue = 2, {values} WHERE nid = {chosen}"  # noqa: S608


def answered(number: int, at: datetime, rating: int, kind: int = 1, factor: int = 2500) -> str:
    chosen = f"(SELECT id FROM notes ORDER BY id LIMIT 1 OFFSET {number})"  # noqa: S608
    values = f"{int(at.timestamp() * 1000)}, id, 0, {rating}, 1, 1, {factor}, 2000, {kind}"
    return f"INSERT INTO revlog SELECT {values} FROM cards WHERE nid = {chosen}"  # noqa: S608


def brought(path: Path, words: SimpleNamespace) -> dict[str, int]:
    with anki.opened(path) as opened:
        report = bring(owner=words.learner, language=language("fr"), cards=old_cards(opened, NOW), now=NOW)
    words.report = report
    return dict(report.counts)


def test_an_interval_becomes_a_memory_with_its_due_date(words: SimpleNamespace, tmp_path: Path) -> None:
    path = learned(
        package(tmp_path, ("le livre", "book"), ("eye", "l'œil")), in_review(0, 310, 20), in_review(1, 320, 30)
    )
    assert brought(path, words) == {"from_interval": 2}
    book = Card.objects.get(lexeme=words.book)
    assert (book.kind, book.state, book.stability, book.lapses) == ("recognise", Card.State.REVIEW, 20, 1)
    assert book.due == CREATED + timedelta(days=310)
    assert book.last_review == CREATED + timedelta(days=290)
    assert book.difficulty == pytest.approx(difficulty_of(2.5, 20))
    assert Card.objects.get(lexeme=words.eye).kind == "produce"


def test_a_log_is_scheduled_again(words: SimpleNamespace, tmp_path: Path) -> None:
    days = [CREATED + timedelta(days=n) for n in (0, 3, 10, 30)]
    log = [answered(0, at, rating) for at, rating in zip(days, (3, 3, 1, 3), strict=True)]
    manual = [answered(0, CREATED + timedelta(days=40), 4, kind=4), answered(0, days[3] + timedelta(1), 0),
              answered(0, CREATED + timedelta(days=41), 1, kind=3, factor=0)]  # fmt: skip
    path = learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20), *log, *manual)
    assert brought(path, words) == {"from_log": 1}
    card = Card.objects.get()
    scheduler = fsrs.Scheduler(desired_retention=0.9, maximum_interval=3650, enable_fuzzing=False)
    wanted = fsrs.Card(card_id=0)
    for at, rating in zip(days, (3, 3, 1, 3), strict=True):
        wanted, _log = scheduler.review_card(wanted, fsrs.Rating(rating), at)
    assert (card.stability, card.difficulty) == (pytest.approx(wanted.stability), pytest.approx(wanted.difficulty))
    assert (card.last_review, card.due) == (days[3], wanted.due)


def test_own_answers_win_and_doing_it_again_changes_nothing(words: SimpleNamespace, tmp_path: Path) -> None:
    path = learned(package(tmp_path, ("livre", "book"), ("l’œil", "eye")), in_review(0, 310, 20), in_review(1, 310, 20))
    settings = DeckSettings(owner=words.learner)
    save_words(owner=words.learner, lexemes=[words.book], settings=settings)
    own = Card.objects.get(lexeme=words.book, kind="recognise")
    record(owner=words.learner, answers=[Answer(uuid.uuid4(), own.pk, 3, timezone.now())], rules=Rules.of(settings))
    own.refresh_from_db()
    assert brought(path, words) == {"answered_here": 1, "from_interval": 1}
    before = list(Card.objects.order_by("pk").values())
    assert brought(path, words) == {"answered_here": 1, "from_interval": 1}
    assert list(Card.objects.order_by("pk").values()) == before
    assert Card.objects.get(pk=own.pk).stability == own.stability


def test_answers_go_on_from_the_memory_and_undoing_leads_back_to_it(words: SimpleNamespace, tmp_path: Path) -> None:
    brought(learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20)), words)
    card = Card.objects.get()
    rules = Rules.of(DeckSettings(owner=words.learner))
    first, second = (Answer(uuid.uuid4(), card.pk, 3, NOW + timedelta(days=n)) for n in (10, 11))
    record(owner=words.learner, answers=[first], rules=rules)
    record(owner=words.learner, answers=[second], rules=rules)
    assert Card.objects.get().stability > 20
    undo(owner=words.learner, review_id=first.id, rules=rules)
    undo(owner=words.learner, review_id=second.id, rules=rules)
    assert Card.objects.values("stability", "due", "difficulty", "state").get() == {
        "stability": card.stability, "due": card.due, "difficulty": card.difficulty, "state": card.state
    }  # fmt: skip


def test_the_report_says_what_was_not_taken(words: SimpleNamespace, tmp_path: Path) -> None:
    notes = ("livre", "book"), ("le livre", "a book"), ("brouillon", "draft"), ("chat", "cat"), ("œil", "eye")
    path = learned(package(tmp_path, *notes), *(in_review(n, 310, 20) for n in range(4)))  # the eye is new there
    assert brought(path, words) == {"from_interval": 1, "double": 1, "unknown": 2}
    assert words.report.unknown == ["brouillon", "chat"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cards SET ivl = 99999999, due = 99999999, factor = -5, lapses = -1",
        "UPDATE cards SET due = 'soon', ivl = 'long'",
        "UPDATE col SET crt = 'never'",
        "UPDATE col SET crt = 9e300",
        "INSERT INTO revlog SELECT 4611686018427387904, id, 0, 3, 1, 1, 2500, 0, 1 FROM cards",
        "INSERT INTO revlog SELECT -5, id, 0, 3, 1, 1, 2500, 0, 1 FROM cards",
    ],
)
def test_odd_numbers_break_nothing(words: SimpleNamespace, tmp_path: Path, statement: str) -> None:
    path = learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20), statement)
    brought(path, words)
    for card in Card.objects.all():
        assert card.last_review is not None
        assert card.last_review <= NOW
        assert card.last_review <= card.due <= NOW + timedelta(days=3650)
        assert 1 <= (card.difficulty or 0) <= 10


@pytest.mark.parametrize("table", ["cards", "revlog"])
def test_a_view_in_place_of_a_table_is_refused(words: SimpleNamespace, tmp_path: Path, table: str) -> None:
    path = learned(
        package(tmp_path, ("livre", "book")), f"DROP TABLE {table}", f"CREATE VIEW {table} AS SELECT 1 AS id"
    )
    with pytest.raises(VocabularyError), anki.opened(path):
        pass


def test_a_full_deck_says_so(words: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "MOST_CARDS", 0)
    path = learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20))
    with pytest.raises(VocabularyError):
        brought(path, words)
    assert not Card.objects.exists()


def test_difficulty_falls_with_ease() -> None:
    hard, usual, easy = (difficulty_of(ease, 20) for ease in (1.3, 2.5, 4.0))
    assert 10 >= hard > usual > easy >= 1


def test_a_learner_uploads_a_package_and_reads_the_report(words: SimpleNamespace, visit: Any, tmp_path: Path) -> None:
    client: Client = visit(words.learner)
    path = learned(package(tmp_path, ("livre", "book"), ("chat", "cat")), in_review(0, 310, 20), in_review(1, 310, 20))
    with path.open("rb") as file:
        answer = client.post("/words/anki/", {"language": language("fr").pk, "file": file}, follow=True)
    html = answer.content.decode()
    assert "Done" in html
    assert "chat" in html
    row = AnkiHistory.objects.get()
    assert (row.file.name, row.report["counts"]) == ("", {"from_interval": 1, "unknown": 1})
    assert Card.objects.get().owner == words.learner
    assert "deck.apkg" not in visit(school.person("other")).get("/words/anki/").content.decode()
    for name, content in (("deck.apkg", b"PK broken"), ("deck.txt", b"x")):
        broken = tmp_path / name
        broken.write_bytes(content)
        with broken.open("rb") as file:
            client.post("/words/anki/", {"language": language("fr").pk, "file": file})
    failed = AnkiHistory.objects.exclude(pk=row.pk).get()  # the text was refused at the form
    assert (failed.state, failed.file.name) == (AnkiHistory.State.FAILED, "")
    assert failed.problem
    assert visit().get("/words/anki/").status_code == 302


def test_one_package_is_read_at_a_time_and_old_ones_go(words: SimpleNamespace, visit: Any, tmp_path: Path) -> None:
    path = package(tmp_path, ("livre", "book"))
    with path.open("rb") as file:
        row = AnkiHistory.objects.create(owner=words.learner, language=language("fr"), file=File(file, "a.apkg"))
    with path.open("rb") as file:
        answer = visit(words.learner).post("/words/anki/", {"language": language("fr").pk, "file": file})
    assert answer.status_code == 422
    assert AnkiHistory.objects.count() == 1
    assert forget_packages() == 0
    AnkiHistory.objects.update(made_at=timezone.now() - timedelta(days=2))
    stored = Path(row.file.path)
    assert stored.exists()
    assert forget_packages() == 1
    assert not stored.exists()
    assert read_package(history_id=row.pk) == 0
    row.refresh_from_db()
    assert (row.state, row.file.name) == (AnkiHistory.State.FAILED, "")
    assert row.problem


def test_the_fixture_of_a_package_is_what_anki_writes(tmp_path: Path) -> None:
    """The tables of the log and the cards have the columns that are read."""
    path = package(tmp_path, ("livre", "book"))
    changed(path)
    with sqlite3.connect(path.with_suffix(".db")) as database:
        for table, columns in anki.READ.items():
            assert columns <= {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    database.close()


def test_a_package_that_breaks_the_database_is_told_and_locks_nobody_out(
    words: SimpleNamespace, visit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any) -> Any:
        raise OperationalError("away")

    path = learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20))
    monkeypatch.setattr(histories, "_store", broken)
    client: Client = visit(words.learner)
    for _round in range(2):
        with path.open("rb") as file:
            assert client.post("/words/anki/", {"language": language("fr").pk, "file": file}).status_code == 302
    assert set(AnkiHistory.objects.values_list("state", "file")) == {(AnkiHistory.State.FAILED, "")}


def test_the_first_card_counts_however_many_come_between(
    words: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "BATCH", 1)
    notes = ("livre", "book"), ("le livre", "a book")
    path = learned(package(tmp_path, *notes), in_review(0, 310, 20), in_review(1, 310, 90))
    assert brought(path, words) == {"from_interval": 1, "double": 1}
    assert Card.objects.get().stability == 20


def test_a_card_that_was_only_practised_gets_the_memory(words: SimpleNamespace, tmp_path: Path) -> None:
    settings = DeckSettings(owner=words.learner)
    save_words(owner=words.learner, lexemes=[words.book], settings=settings)
    own = Card.objects.get(lexeme=words.book, kind="recognise")
    practice = Answer(uuid.uuid4(), own.pk, 3, timezone.now(), is_practice=True)
    record(owner=words.learner, answers=[practice], rules=Rules.of(settings))
    path = learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20))
    assert brought(path, words) == {"from_interval": 1}
    own.refresh_from_db()
    assert own.stability == 20


def test_a_closed_account_gets_no_cards(words: SimpleNamespace, tmp_path: Path) -> None:
    anonymise(person=words.learner)
    with pytest.raises(VocabularyError):
        brought(learned(package(tmp_path, ("livre", "book")), in_review(0, 310, 20)), words)
    assert not Card.objects.exists()

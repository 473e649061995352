"""Reviewing over HTTP, with forms and with JSON; word sets; whose words are whose."""

import json
import sqlite3
import uuid
import zipfile
from datetime import timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from learning.accounts.actions import anonymise
from learning.vocabulary.models import Card, DeckSettings, Review, SetGiven, WordSet
from learning.vocabulary.models.cards import scheduling_of
from learning.vocabulary.reviews.deck import save_words
from learning.vocabulary.sets.actions import MOST_WORDS, add_words
from tests.chat.conftest import with_group
from tests.vocabulary.making import word

CANARY = "Schmetterling"
NOTE = "my own canary note"


@pytest.fixture
def deck(small: SimpleNamespace) -> SimpleNamespace:
    """The student of a course learns a word; the teacher has a set and has given it to them."""
    small.book = word("livre", "fr", "book", part_of_speech="noun", gender="m", forms={"plural": "livres"})
    small.eye = word("œil", "fr", "eye", part_of_speech="noun", gender="m", forms={"plural": "yeux"})
    small.secret = word(CANARY, "de", "butterfly", part_of_speech="noun", gender="m")
    save_words(owner=small.student, lexemes=[small.secret], settings=DeckSettings(owner=small.student))
    Card.objects.update(note=NOTE)
    small.card = Card.objects.get(owner=small.student, kind="produce")
    small.set = WordSet.objects.create(owner=small.teacher, name="Canary set")
    add_words(word_set=small.set, lexemes=[small.secret])
    small.given = SetGiven.objects.create(word_set=small.set, student=small.student, given_by=small.teacher)
    return small


def sent(client: Client, *answers: Any, **more: Any) -> Any:
    return client.post("/words/answers/", json.dumps({"answers": answers, **more}), content_type="application/json")


def one(card: Card, rating: int = 3, **facts: Any) -> dict[str, Any]:
    now = timezone.now().isoformat()
    return {"id": str(uuid.uuid4()), "card": card.pk, "rating": rating, "at": now, "typed": "", "took": 900, **facts}


def test_a_review_without_a_script(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    page = client.get("/words/review/")
    # one kind of a word a day: the first kind is asked first
    assert CANARY in page.content.decode()
    card = deck.card
    checked = client.post("/words/review/", {"card": card.pk, "answer": "Schmeterling"}).content.decode()
    assert "A slip of the keys" in checked
    assert Review.objects.count() == 0
    key = uuid.uuid4()
    for _n in range(2):  # a form that is sent twice counts once
        client.post("/words/review/", {"card": card.pk, "rating": "2", "review": str(key), "typed": "Schmeterling"})
    stored = Review.objects.get()
    assert (stored.pk, stored.rating, stored.verdict, stored.answer) == (key, 2, "typo", "Schmeterling")
    card.refresh_from_db()
    assert card.state == 1
    client.post("/words/undo/")
    card.refresh_from_db()
    assert card.state == 0
    assert "no answer of today" in client.post("/words/undo/", follow=True).content.decode()


def test_answers_as_json_count_once_and_bring_the_next_cards(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    save_words(owner=deck.student, lexemes=[deck.book, deck.eye], settings=DeckSettings(owner=deck.student))
    answer = one(deck.card, typed=CANARY)
    first = sent(client, answer, n=5).json()
    assert first["outcomes"] == {answer["id"]: "stored"}
    assert first["done"] == 1
    shown = {card["id"] for card in first["cards"]}
    assert shown
    assert deck.card.pk not in shown or len(shown) > 1
    assert all("data-rate" in card["html"] for card in first["cards"])
    state = scheduling_of(Card.objects.get(pk=deck.card.pk))
    assert sent(client, answer, answer).json()["outcomes"] == {answer["id"]: "known"}
    assert scheduling_of(Card.objects.get(pk=deck.card.pk)) == state
    assert Review.objects.get().verdict == "exact"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"}, {"rating": 0}, {"rating": 5}, {"rating": "3"}, {"rating": True}, {"card": -1}, {"card": 2**70},
        {"at": "yesterday"}, {"at": "2026-01-01T00:00:00"}, {"at": None}, {"took": "long"}, {"took": 1.5},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_and_holds_up_no_other(deck: SimpleNamespace, visit: Any, change: Any) -> None:
    client = visit(deck.student)
    good, bad = one(deck.card), {**one(deck.card), **change}
    assert sent(client, bad, good).json()["outcomes"] == {str(bad["id"]): "refused", good["id"]: "stored"}
    assert [str(key) for key in Review.objects.values_list("pk", flat=True)] == [good["id"]]


def test_half_a_character_is_stored_as_a_question_mark(deck: SimpleNamespace, visit: Any) -> None:
    bad = one(deck.card, typed="a\ud800b")
    assert sent(visit(deck.student), bad).json()["outcomes"] == {bad["id"]: "stored"}
    assert Review.objects.get().answer == "a?b"


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", '{"answers": 5}', '{"answers": [5]}', "[" * 100_000, "\x00"])
def test_any_body_gets_a_clear_answer(deck: SimpleNamespace, visit: Any, body: str) -> None:
    answer = visit(deck.student).post("/words/answers/", body, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_form_is_no_list_of_answers(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    assert client.post("/words/answers/", {"answers": "x"}).status_code == 422
    assert client.post("/words/answers/").status_code == 422


def test_times_at_the_end_of_the_calendar_and_too_many_answers(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    edges = [one(deck.card, at=at) for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")]
    assert sent(client, *edges).status_code == 200
    assert sent(client, *[one(deck.card) for _n in range(201)]).status_code == 422
    assert sent(client, one(deck.card, typed="\x00" * 5 + "x" * 5000)).status_code == 200
    assert max(len(text) for text in Review.objects.values_list("answer", flat=True)) <= 200


def test_words_of_one_person_are_nobody_else_s(deck: SimpleNamespace, visit: Any) -> None:
    """Every address of words as each kind of person: only the student sees note and cards."""
    pages = [
        "/words/", "/words/review/", "/words/list/", f"/words/list/{deck.secret.pk}/",
        "/words/statistics/", "/words/settings/", "/words/sets/", "/words/saved/",
        f"/words/sets/{deck.set.pk}/practise/",
    ]  # fmt: skip
    for who in ("student", "classmate", "stranger", "teacher", "other_teacher", "editor", "moderator", "admin"):
        client = visit(getattr(deck, who))
        said = "".join(client.get(path).content.decode() for path in pages)
        assert (NOTE in said) == (who == "student"), who
        if who != "student":
            assert client.get(f"/words/list/{deck.secret.pk}/").status_code == 404
            assert client.post("/words/check/", {"card": deck.card.pk, "answer": "x"}).status_code == 404
            assert client.post("/words/suspend/", {"card": deck.card.pk}).status_code == 404
            assert client.post("/words/forgive/", {"card": deck.card.pk}).status_code == 404
            assert client.post("/words/review/", {"card": deck.card.pk}).status_code == 404
            assert sent(client, one(deck.card)).json()["outcomes"].popitem()[1] == "gone"
    visitor = visit()
    assert all(visitor.get(path).status_code == 302 for path in pages)
    assert sent(visitor, one(deck.card)).status_code == 302
    assert Review.objects.count() == 0


SEES_SET = {"student", "teacher"}
SEES_STUDENT = {"teacher", "admin"}


def test_sets_and_students_are_shown_to_whom_they_concern(deck: SimpleNamespace, visit: Any) -> None:
    for who in ("student", "classmate", "stranger", "teacher", "other_teacher", "editor", "moderator", "admin"):
        client = visit(getattr(deck, who))
        for path in ("", "csv/", "anki/", "practise/"):
            status = client.get(f"/words/sets/{deck.set.pk}/{path}").status_code
            assert (status == 200) == (who in SEES_SET), (who, path, status)
        for path, data in (
            ("edit/", {"delete": "1"}),
            ("words/", {"remove": deck.secret.pk}),
            ("give/", {"take_back": 1}),
        ):
            if who != "teacher":
                assert client.post(f"/words/sets/{deck.set.pk}/{path}", data).status_code == 404, (who, path)
        seen = client.get(f"/teaching/words/{deck.student.pk}/").status_code == 200
        listed = f"/teaching/words/{deck.student.pk}/" in client.get("/teaching/words/").content.decode()
        assert seen == listed == (who in SEES_STUDENT), who
    assert WordSet.objects.get().rows.count() == 1


def test_a_set_is_given_only_to_those_whom_one_teaches(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.teacher)
    address = f"/words/sets/{deck.set.pk}/give/"
    client.post(address, {"to": f"s{deck.stranger.pk}"})
    assert list(SetGiven.objects.values_list("student", flat=True)) == [deck.student.pk]
    client.post(address, {"to": f"s{deck.student.pk}", "learn_by": "2027-01-05"})  # again: only the day changes
    assert str(SetGiven.objects.get().learn_by) == "2027-01-05"
    client.post(address, {"take_back": SetGiven.objects.get().pk})
    assert not SetGiven.objects.exists()
    assert visit(deck.student).get(f"/words/sets/{deck.set.pk}/").status_code == 404


def test_a_set_of_a_group_is_seen_while_one_is_in_the_group(small: SimpleNamespace, visit: Any) -> None:
    group = with_group(small)
    this = WordSet.objects.create(owner=group.teacher, name="For the group")
    add_words(word_set=this, lexemes=[word("livre", "fr", "book")])
    visit(group.teacher).post(f"/words/sets/{this.pk}/give/", {"to": f"g{group.group.pk}"})
    assert SetGiven.objects.get().group_id == group.group.pk
    client = visit(group.student)
    assert "For the group" in client.get("/words/").content.decode()
    client.post(f"/words/sets/{this.pk}/learn/")
    assert Card.objects.filter(owner=group.student).count() == 2
    group.enrollment.status = "left"
    group.enrollment.save()
    assert client.get(f"/words/sets/{this.pk}/").status_code == 404
    assert Card.objects.filter(owner=group.student).count() == 2  # what one has learned stays one's own


def test_a_set_of_a_course_is_for_those_who_read_it(deck: SimpleNamespace, visit: Any) -> None:
    SetGiven.objects.all().delete()
    client = visit(deck.teacher)
    address = f"/words/sets/{deck.set.pk}/give/"
    assert client.post(address, {"to": f"c{deck.other.pk}"}).status_code == 422  # the course of another teacher
    assert client.post(address, {"to": f"c{deck.course.pk}"}).status_code == 302
    assert deck.course.title in client.get(f"/words/sets/{deck.set.pk}/").content.decode()
    for who, status in (("student", 200), ("classmate", 404), ("stranger", 404)):
        assert visit(getattr(deck, who)).get(f"/words/sets/{deck.set.pk}/").status_code == status
    deck.enrollment.status = "paused"
    deck.enrollment.save()
    assert visit(deck.student).get(f"/words/sets/{deck.set.pk}/").status_code == 404


def test_practice_goes_through_a_set_and_moves_nothing(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    before = list(Card.objects.order_by("pk").values_list("due", "state"))
    place = 0
    for _n in range(2):
        page = client.get(f"/words/sets/{deck.set.pk}/practise/{place}/").content.decode()
        card = Card.objects.filter(owner=deck.student).order_by("pk")[place]
        assert f'data-card="{card.pk}"' in page
        data = {"card": card.pk, "rating": "1", "review": str(uuid.uuid4())}
        answer = client.post(f"/words/sets/{deck.set.pk}/practise/{place}/", data)
        place += 1
        assert answer.headers["Location"].endswith(f"/practise/{place}/")
    assert "That was the whole set" in client.get(f"/words/sets/{deck.set.pk}/practise/{place}/").content.decode()
    assert list(Card.objects.order_by("pk").values_list("due", "state")) == before
    assert Review.objects.filter(is_practice=True).count() == 2


def test_a_set_has_a_bound(deck: SimpleNamespace, visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_WORDS == 500
    monkeypatch.setattr("learning.vocabulary.sets.actions.MOST_WORDS", 1)
    page = visit(deck.teacher).post(f"/words/sets/{deck.set.pk}/words/", {"add": deck.book.pk}, follow=True)
    assert "at most 1 words" in page.content.decode()
    assert deck.set.rows.count() == 1


def test_a_word_is_saved_from_its_page(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.classmate)
    assert "Save to my words" in client.get("/dictionary/fr/livre/").content.decode()
    client.post("/words/save/", {"lexeme": deck.book.pk, "next": "/dictionary/fr/livre/"})
    assert "In your words" in client.get("/dictionary/fr/livre/").content.decode()
    elsewhere = client.post("/words/save/", {"lexeme": deck.book.pk, "next": "https://example.com/"})
    assert elsewhere.headers["Location"] == "/words/"
    draft = word("livret", "fr", state="draft")
    assert client.post("/words/save/", {"lexeme": draft.pk}).status_code == 404


def test_settings_are_kept_and_bounded(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    good = {
        "new_a_day": "7", "reviews_a_day": "90", "retention": "85", "easy_days": ["5", "6"], "goal_days": "3",
        "kinds_fr": ["recognise", "gender"], "kinds_en": [],
    }  # fmt: skip
    assert client.post("/words/settings/", good).status_code == 302
    kept = DeckSettings.objects.get(owner=deck.student)
    assert (kept.new_a_day, kept.retention, kept.easy_days, kept.goal_days) == (7, 0.85, [5, 6], 3)
    assert kept.kinds["fr"] == ["recognise", "gender"]
    assert kept.kinds["en"] == ["recognise", "produce"]
    faults = (
        ("retention", "98"),
        ("retention", "69"),
        ("goal_days", "8"),
        ("reviews_a_day", "0"),
        ("kinds_en", "gender"),
    )
    for name, wrong in faults:
        assert client.post("/words/settings/", {**good, name: wrong}).status_code == 422, name
    assert DeckSettings.objects.get(owner=deck.student).retention == 0.85


def test_exports_escape_formulas_and_html_and_keep_their_numbers(deck: SimpleNamespace, visit: Any) -> None:
    hostile = word('=HYPERLINK("x")', "en", "<script>alert(1)</script>")
    add_words(word_set=deck.set, lexemes=[hostile])
    client = visit(deck.teacher)
    table = b"".join(client.get(f"/words/sets/{deck.set.pk}/csv/").streaming_content).decode()
    assert "'=HYPERLINK" in table
    guids = []
    for _n in range(2):
        package = zipfile.ZipFile(BytesIO(b"".join(client.get(f"/words/sets/{deck.set.pk}/anki/").streaming_content)))
        database = sqlite3.connect(":memory:")
        database.deserialize(package.read("collection.anki2"))
        rows = database.execute("select guid, flds from notes order by id").fetchall()
        guids.append([guid for guid, _fields in rows])
        assert not any("<script" in fields for _guid, fields in rows)
        assert len(rows) == 2
        assert CANARY in rows[0][1]
    assert guids[0] == guids[1]


def test_statistics_and_lists_are_bounded_queries(
    deck: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    lexemes = [word(f"mot{number}", "fr", f"word{number}") for number in range(30)]
    save_words(owner=deck.student, lexemes=lexemes, settings=DeckSettings(owner=deck.student))
    now = timezone.now()
    Card.objects.update(state=2, stability=3.0, difficulty=5.0, last_review=now - timedelta(days=9), due=now)
    Card.objects.update(slips_at=now - timedelta(days=1))
    client = visit(deck.student)
    budget = {
        "/words/": 16, "/words/list/": 8, "/words/list/?show=slipping": 8, "/words/statistics/": 10, "/words/sets/": 8,
        f"/words/sets/{deck.set.pk}/": 14, "/words/review/": 10, "/words/saved/": 5,
    }  # fmt: skip
    for path, most in budget.items():
        client.get(path)
        with django_assert_max_num_queries(most):
            assert client.get(path).status_code == 200
    cards = Card.objects.filter(owner=deck.student).order_by("pk")
    with django_assert_max_num_queries(14):
        assert sent(client, one(cards[1]), n=1).status_code == 200
    teacher = visit(deck.teacher)
    for path in ("/teaching/words/", f"/teaching/words/{deck.student.pk}/"):
        with django_assert_max_num_queries(14):
            assert teacher.get(path).status_code == 200


def test_a_teacher_sees_what_slips_and_how_it_was_wrong(deck: SimpleNamespace, visit: Any) -> None:
    client = visit(deck.student)
    sent(client, one(deck.card, rating=4))
    sent(client, one(deck.card, rating=1, typed="Schmeterling"))
    page = visit(deck.teacher).get(f"/teaching/words/{deck.student.pk}/").content.decode()
    assert CANARY in page
    assert "Schmeterling" in page
    assert "A slip of the keys" in page
    assert NOTE not in page


def test_an_anonymised_learner_leaves_no_words(deck: SimpleNamespace, visit: Any) -> None:
    sent(visit(deck.student), one(deck.card, typed="secret"))
    anonymise(person=deck.student)
    assert not Card.objects.exists()
    assert not Review.objects.exists()
    anonymise(person=deck.teacher)
    assert not WordSet.objects.exists()  # nobody has it any more

"""The dictionary and one's words over the API."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from learning.vocabulary.models import Card, Example, Review, State
from tests.api.test_api import API, bearer, call, is_problem
from tests.test_budgets import queries
from tests.vocabulary.making import word


@pytest.fixture
def words(people: SimpleNamespace) -> SimpleNamespace:
    people.book = word("livre", "fr", "book", part_of_speech="noun", gender="m", forms={"plural": "livres"}, ipa="livʁ")
    people.draft = word("brouillon", "fr", "draft", state=State.DRAFT)
    Example.objects.create(lexeme=people.book, text="Je lis un livre.", translation="I read a book.")
    return people


def test_words_are_looked_up(words: SimpleNamespace, visit: Any) -> None:
    client: Client = visit(words.student)
    for asked, by in (("livr", ""), ("livres", "livres"), ("book", "book")):
        (item,) = client.get(f"{API}/dictionary?q={asked}").json()["items"]
        assert (item["id"], item["with_article"], item["by"]) == (words.book.pk, "le livre", by)
    assert client.get(f"{API}/dictionary?q=book&language=de").json()["items"] == []
    entry = client.get(f"{API}/dictionary/{words.book.pk}").json()
    assert entry["forms"] == [{"kind": "plural", "spelling": "livres"}]
    assert entry["senses"][0]["translations"] == [{"language": "en", "text": "book"}]
    assert entry["examples"] == [{"text": "Je lis un livre.", "translation": "I read a book."}]
    assert entry["pronunciations"] == ["livʁ"]
    assert entry["senses"][0]["register"] == ""
    assert is_problem(client.get(f"{API}/dictionary/{words.draft.pk}"), 404, "not_found")
    assert is_problem(client.get(f"{API}/dictionary"), 422, "invalid")
    assert is_problem(visit().get(f"{API}/dictionary?q=livre"), 401, "not_signed_in")


def test_a_word_is_saved_asked_answered_and_removed(words: SimpleNamespace, visit: Any) -> None:
    client: Client = visit(words.student)
    assert call(client, "post", "/words", {"word": words.book.pk}).json() == {"cards": 2}
    assert call(client, "post", "/words", {"word": words.book.pk}).json() == {"cards": 0}
    assert is_problem(call(client, "post", "/words", {"word": words.draft.pk}), 404, "not_found")
    day = client.get(f"{API}/words/due").json()
    assert (day["new"], [one["prompt"] for one in day["cards"]]) == (1, ["livre"])
    produce = Card.objects.get(kind="produce")
    answer = {"id": str(uuid.uuid4()), "card": produce.pk, "rating": 3, "at": timezone.now().isoformat(),
              "typed": "la livre"}  # fmt: skip
    for outcome in ("stored", "known"):
        sent = call(client, "post", "/words/answers", {"answers": [answer]})
        assert sent.json() == {"outcomes": {answer["id"]: outcome}}
    assert (Review.objects.get().verdict, Review.objects.get().answer) == ("article", "la livre")
    items = client.get(f"{API}/words?limit=1").json()
    assert items["next"]
    assert len(client.get(f"{API}/words?limit=1&cursor={items['next']}").json()["items"]) == 1
    assert call(client, "delete", f"/words/{words.book.pk}").status_code == 204
    assert is_problem(call(client, "delete", f"/words/{words.book.pk}"), 404, "not_found")
    assert not Card.objects.exists()


def test_words_of_one_person_are_nobody_elses(words: SimpleNamespace, visit: Any) -> None:
    call(visit(words.student), "post", "/words", {"word": words.book.pk})
    other: Client = visit(words.teacher)
    card = Card.objects.first()
    assert card is not None
    assert other.get(f"{API}/words").json()["items"] == []
    answer = {"id": str(uuid.uuid4()), "card": card.pk, "rating": 3, "at": timezone.now().isoformat()}
    assert call(other, "post", "/words/answers", {"answers": [answer]}).json()["outcomes"] == {answer["id"]: "gone"}
    assert is_problem(call(other, "delete", f"/words/{words.book.pk}"), 404, "not_found")
    assert Card.objects.filter(owner=words.student).count() == 2


def test_tokens_do_what_their_scopes_say(words: SimpleNamespace) -> None:
    client = Client()
    reads, learns, neither = (bearer(words.student, scope) for scope in ("words", "learn", "read"))
    assert client.get(f"{API}/words", headers=reads).status_code == 200
    assert client.get(f"{API}/dictionary?q=livre", headers=reads).status_code == 200
    assert call(client, "post", "/words", {"word": words.book.pk}, **learns).status_code == 200
    assert call(client, "post", "/words", {"word": words.book.pk}, **reads).status_code == 403
    assert client.get(f"{API}/words", headers=learns).status_code == 403
    assert client.get(f"{API}/words", headers=neither).status_code == 403


@pytest.mark.parametrize(
    "change", [{"rating": 5}, {"rating": True}, {"at": "yesterday"}, {"at": "2026-01-01T10:00:00"}, {"id": "1"},
               {"card": 0}, {"card": 2**70}, {"typed": "x" * 201}]
)  # fmt: skip
def test_bad_answers_are_refused_whole(words: SimpleNamespace, visit: Any, change: dict[str, Any]) -> None:
    client: Client = visit(words.student)
    call(client, "post", "/words", {"word": words.book.pk})
    good = {"id": str(uuid.uuid4()), "card": Card.objects.earliest("pk").pk, "rating": 3,
            "at": timezone.now().isoformat()}  # fmt: skip
    bad = {**good, "id": str(uuid.uuid4()), **change}
    assert is_problem(call(client, "post", "/words/answers", {"answers": [good, bad]}), 422, "invalid")
    many = [{**good, "id": str(uuid.uuid4())} for _n in range(201)]
    assert call(client, "post", "/words/answers", {"answers": many}).status_code == 422
    assert not Review.objects.exists()


def test_a_full_deck_says_so(words: SimpleNamespace, visit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learning.vocabulary.reviews.deck.MOST_CARDS", 1)
    assert is_problem(call(visit(words.student), "post", "/words", {"word": words.book.pk}), 409, "full")


def test_lists_have_a_bounded_number_of_queries(words: SimpleNamespace, visit: Any) -> None:
    client: Client = visit(words.student)
    for number in range(40):
        call(client, "post", "/words", {"word": word(f"mot{number}", "fr", "word", "term").pk})
    assert queries(client, f"{API}/words") <= 5
    assert queries(client, f"{API}/dictionary?q=mo") <= 8
    assert queries(client, f"{API}/words/due?limit=20") <= 11
    assert queries(client, f"{API}/dictionary/{words.book.pk}") <= 9

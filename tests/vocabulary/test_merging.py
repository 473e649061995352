"""Duplicates become one entry, with everything of both and with what learners have done; the open dictionary."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from learning.accounts.roles import Role
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.merging import merge
from learning.vocabulary.models import Card, DeckSettings, Example, Lexeme, Rating, Review, Sense, Source, WordSet
from learning.vocabulary.models.cards import scheduling_of
from learning.vocabulary.reviews.deck import Answer, record, save_words
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.sets.actions import add_words
from learning.vocabulary.web.review_views import typed_cards
from tests import school
from tests.vocabulary.making import word

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def doubles(db: None) -> SimpleNamespace:
    kept = word("livre", "fr", "book", part_of_speech="noun", gender="m", ipa="livʁ", forms={"plural": "livres"})
    other = word("livres", "fr", "volume", "book", ipa="livʁ", forms={"plural": "livres"})
    Example.objects.create(lexeme=other, text="Un livre.")
    return SimpleNamespace(kept=kept, other=other, learner=school.person("learner"))


def test_nothing_of_an_entry_is_lost(doubles: SimpleNamespace) -> None:
    both = WordSet.objects.create(owner=doubles.learner, name="Both")
    add_words(word_set=both, lexemes=[doubles.kept, doubles.other])
    merge(lexemes=[doubles.other, doubles.kept])
    (kept,) = Lexeme.objects.all()
    assert kept == doubles.kept
    assert [sense.translations.count() for sense in Sense.objects.order_by("position")] == [1, 2]
    assert set(kept.forms.values_list("kind", "spelling")) == {("plural", "livres"), ("variant", "livres")}
    assert kept.pronunciations.count() == 1
    assert kept.examples.count() == 1
    assert list(both.words.all()) == [kept]


def test_an_entry_that_becomes_the_same_as_a_third_one_gets_the_next_number(doubles: SimpleNamespace) -> None:
    bare = word("livre", "fr", "book")  # without part of speech and gender
    volume = word("volume", "fr", "volume", part_of_speech="noun", gender="m")
    Lexeme.objects.filter(pk=bare.pk).update(state="approved")
    merged = merge(lexemes=[bare, volume])
    # it takes part of speech and gender of the other, and would be the “livre” that was not chosen
    assert (merged.part_of_speech, merged.gender, merged.homograph) == ("noun", "m", 2)


def test_a_verb_gets_no_gender_and_sources_stay_named(doubles: SimpleNamespace) -> None:
    verb = word("manger", "fr", "eat", part_of_speech="verb")
    noun = word(
        "mange", "fr", "food", part_of_speech="noun", gender="m", source=Source.objects.create(name="Old", licence="CC")
    )
    Lexeme.objects.filter(pk=verb.pk).update(source=Source.objects.create(name="New"))
    Example.objects.create(lexeme=noun, text="Il mange.")
    merged = merge(lexemes=[verb, noun])
    assert (merged.part_of_speech, merged.gender) == ("verb", "")
    assert "Old (CC)" in merged.note
    assert merged.examples.get().credit == "Old"


def test_who_learns_both_has_one_card_with_both_logs(doubles: SimpleNamespace) -> None:
    person, alone = doubles.learner, school.person("alone")
    cards = [
        Card.objects.create(owner=owner, lexeme=lexeme, kind="recognise", added_at=START, due=START)
        for owner, lexeme in ((person, doubles.kept), (person, doubles.other), (alone, doubles.other))
    ]
    for number, (card, day) in enumerate(((cards[0], 0), (cards[1], 1), (cards[0], 5), (cards[2], 3))):
        answer = Answer(uuid.uuid4(), card.pk, Rating.GOOD, START + timedelta(days=day, minutes=number))
        record(owner=card.owner, answers=[answer], rules=Rules())
    merge(lexemes=[doubles.kept, doubles.other])
    assert set(Card.objects.values_list("owner", "lexeme", "kind")) == {
        (person.pk, doubles.kept.pk, "recognise"), (alone.pk, doubles.kept.pk, "recognise"),
    }  # fmt: skip
    mine = Card.objects.get(owner=person)
    assert mine.reviews.count() == 3
    assert mine.last_review == START + timedelta(days=5, minutes=2)
    assert Review.objects.count() == 4


def test_what_cannot_be_merged_is_refused_and_stays(doubles: SimpleNamespace) -> None:
    english = word("book", "en")
    for wrong in ([doubles.kept, english], [doubles.kept], []):
        with pytest.raises(VocabularyError):
            merge(lexemes=wrong)
    assert Lexeme.objects.count() == 3


def test_words_are_merged_in_the_cms(doubles: SimpleNamespace, visit: Any) -> None:
    address = (
        f"/cms/bulk/vocabulary/lexeme/merge/?id={doubles.kept.pk}&id={doubles.other.pk}&next=/cms/vocabulary/word/"
    )
    visit(school.person("student", Role.STUDENT)).post(address)
    assert Lexeme.objects.count() == 2
    client = visit(school.person("editor", Role.EDITOR))
    assert "livre" in client.get(address).content.decode()
    assert "Words merged: 2" in client.post(address, follow=True).content.decode()
    assert Lexeme.objects.get() == doubles.kept


@pytest.mark.parametrize(("is_open", "status"), [(False, 302), (True, 200)])
def test_the_dictionary_is_open_to_visitors_where_the_school_says_so(
    doubles: SimpleNamespace, visit: Any, settings: Any, is_open: bool, status: int
) -> None:
    settings.DICTIONARY_FOR_ALL = is_open
    draft = word("brouillon", "fr", "draft", state="draft")
    client = visit()
    for path in (
        "/dictionary/",
        "/dictionary/suggest/?q=livre",
        "/dictionary/fr/livre/",
        "/dictionary/look/?word=livre",
    ):
        answer = client.get(path)
        assert answer.status_code == status, path
        assert "Save to my words" not in answer.content.decode()
        assert "data-save>" not in answer.content.decode()
    if is_open:
        assert client.get(draft.get_absolute_url()).status_code == 404
        assert "brouillon" not in client.get("/dictionary/suggest/?q=brouillon").content.decode()
    # words of one's own need an account
    for path in ("/words/", "/words/saved/", "/words/sets/"):
        assert client.get(path).status_code == 302


def test_an_answer_that_waited_while_its_word_was_merged_is_kept(doubles: SimpleNamespace, visit: Any) -> None:
    """Also after a second merge, and for nobody else's card."""
    for lexeme in (doubles.kept, doubles.other):
        save_words(owner=doubles.learner, lexemes=[lexeme], settings=DeckSettings(owner=doubles.learner))
    third = word("bouquin", "fr", "book")
    save_words(owner=doubles.learner, lexemes=[third], settings=DeckSettings(owner=doubles.learner))
    rules = Rules.of(DeckSettings(owner=doubles.learner))
    gone = Card.objects.get(lexeme=doubles.other, kind="recognise")
    merge(lexemes=[doubles.other, third])
    merge(lexemes=[doubles.other, doubles.kept])
    kept = Card.objects.get(owner=doubles.learner, kind="recognise")
    late, stranger = (
        Answer(uuid.uuid4(), card.pk, Rating.GOOD, card.added_at + timedelta(minutes=1)) for card in (gone, gone)
    )
    assert {card.pk for card in typed_cards(doubles.learner, [replace(late, typed="x")]).values()} == {kept.pk}
    other = school.person("other")
    assert set(record(owner=other, answers=[stranger], rules=rules).values()) == {"gone"}
    assert set(record(owner=doubles.learner, answers=[late], rules=rules).values()) == {"stored"}
    assert Review.objects.get().card == kept
    kept.refresh_from_db()
    assert kept.last_review is not None
    assert set(record(owner=doubles.learner, answers=[late], rules=rules).values()) == {"known"}
    # and the form of a page that was open
    form = {"card": gone.pk, "rating": "3", "review": str(uuid.uuid4())}
    assert visit(doubles.learner).post("/words/review/", form).status_code == 302
    assert Review.objects.filter(card=kept).count() == 2
    assert visit(other).post("/words/review/", {**form, "review": str(uuid.uuid4())}).status_code == 404


def test_the_memory_of_another_program_is_not_lost(doubles: SimpleNamespace) -> None:
    for lexeme in (doubles.kept, doubles.other):
        save_words(owner=doubles.learner, lexemes=[lexeme], settings=DeckSettings(owner=doubles.learner))
    brought = Card.objects.get(lexeme=doubles.other, kind="recognise")
    due = START + timedelta(days=30)
    brought.state, brought.step, brought.stability, brought.difficulty = Card.State.REVIEW, None, 30.0, 5.0
    brought.last_review, brought.due, brought.lapses = START, due, 7
    memory = scheduling_of(brought)
    Card.objects.filter(pk=brought.pk).update(start=memory, forgiven=7)
    merge(lexemes=[doubles.kept, doubles.other])
    kept = Card.objects.get(kind="recognise")
    assert (kept.stability, kept.due, kept.lapses, kept.forgiven) == (30.0, due, 7, 7)

"""Cards and the log of reviews: nothing counts twice, undoing restores exactly, the log gives the same state."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Card, CardKind, DeckSettings, Lexeme, Review
from learning.vocabulary.models.cards import LEECH, MOST_DAYS, SCHEDULING, scheduling_of
from learning.vocabulary.reviews import deck, scheduling, statistics
from learning.vocabulary.reviews.deck import Answer, record, save_words, undo
from learning.vocabulary.reviews.queue import due_count, next_cards, today
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import day_of
from tests import school
from tests.vocabulary.making import word

RULES = Rules()
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def learner(db: None) -> SimpleNamespace:
    person = school.person("learner")
    book = word("livre", "fr", "book", part_of_speech="noun", gender="m", forms={"plural": "livres"})
    eye = word("œil", "fr", "eye", part_of_speech="noun", gender="m", forms={"plural": "yeux"})
    go = word("go", "en", forms={"past": "went", "past_participle": "gone"}, part_of_speech="verb")
    return SimpleNamespace(person=person, book=book, eye=eye, go=go, settings=DeckSettings(owner=person))


def card_of(learner: SimpleNamespace, lexeme: Any = None, kind: str = CardKind.RECOGNISE, **facts: Any) -> Card:
    facts = {"added_at": START, "due": START, **facts}
    return Card.objects.create(owner=learner.person, lexeme=lexeme or learner.book, kind=kind, **facts)


def answer(card: Card, rating: int, at: datetime, **facts: Any) -> Answer:
    return Answer(**{"id": uuid.uuid4(), "card_id": card.pk, "rating": rating, "at": at, **facts})


def say(learner: SimpleNamespace, *answers: Answer) -> list[str]:
    return list(record(owner=learner.person, answers=answers, rules=RULES).values())


def test_a_saved_word_gets_the_kinds_that_it_has_an_answer_to(learner: SimpleNamespace) -> None:
    everything = [str(kind) for kind in CardKind]
    learner.settings.kinds = {"fr": everything, "en": everything}
    save_words(owner=learner.person, lexemes=[learner.book, learner.go], settings=learner.settings)
    kinds = {
        lexeme: set(Card.objects.filter(lexeme=lexeme).values_list("kind", flat=True))
        for lexeme in (learner.book, learner.go)
    }
    assert kinds[learner.book] == {"recognise", "produce", "listen", "gender", "plural"}
    # without a translation there is nothing to produce it from
    assert kinds[learner.go] == {"recognise", "listen", "past", "past_participle"}
    # again: nothing new, and nothing that was learned is lost
    Card.objects.update(stability=5.0)
    assert save_words(owner=learner.person, lexemes=[learner.book], settings=learner.settings) == 0
    assert set(Card.objects.values_list("stability", flat=True)) == {5.0}


def test_a_word_without_any_of_the_chosen_kinds_is_recognised(learner: SimpleNamespace) -> None:
    learner.settings.kinds = {"en": ["gender"]}
    save_words(owner=learner.person, lexemes=[learner.go], settings=learner.settings)
    assert list(Card.objects.values_list("kind", flat=True)) == ["recognise"]


def test_a_deck_has_a_bound(learner: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deck, "MOST_CARDS", 3)
    save_words(owner=learner.person, lexemes=[learner.book], settings=learner.settings)
    with pytest.raises(VocabularyError):
        save_words(owner=learner.person, lexemes=[learner.eye], settings=learner.settings)
    assert Card.objects.count() == 2


def test_the_same_answer_twice_counts_once(learner: SimpleNamespace) -> None:
    card = card_of(learner)
    one = answer(card, 3, START)
    assert say(learner, one) == ["stored"]
    moved = scheduling_of(Card.objects.get())
    assert say(learner, one, one) == ["known"]
    assert scheduling_of(Card.objects.get()) == moved
    assert Review.objects.count() == 1


def test_an_answer_to_someone_elses_card_is_to_no_card(learner: SimpleNamespace) -> None:
    card = card_of(learner)
    stranger = SimpleNamespace(person=school.person("stranger"))
    mine = answer(card, 3, START)
    assert say(stranger, mine) == ["gone"]
    assert say(learner, mine) == ["stored"]
    own = card_of(stranger, learner.book)
    assert say(stranger, answer(own, 3, START, id=mine.id)) == ["gone"]
    assert undo(owner=stranger.person, review_id=mine.id, rules=RULES) is None
    assert Review.objects.get().undone_at is None


def test_undoing_restores_the_card_exactly(learner: SimpleNamespace) -> None:
    card = card_of(learner)
    say(learner, answer(card, 3, START), answer(card, 3, START + timedelta(minutes=10)))
    before = scheduling_of(Card.objects.get())
    last = answer(card, 1, START + timedelta(days=3, microseconds=7))
    say(learner, last)
    assert scheduling_of(Card.objects.get()) != before
    # with other settings by now: what was stored before the answer comes back, not what they would give
    undo(owner=learner.person, review_id=last.id, rules=Rules(retention=0.7))
    assert scheduling_of(Card.objects.get()) == before
    undo(owner=learner.person, review_id=last.id, rules=RULES)
    assert scheduling_of(Card.objects.get()) == before


def test_answers_of_two_devices_are_counted_in_their_order(learner: SimpleNamespace) -> None:
    times = [START + timedelta(days=day) for day in (0, 1, 4, 9)]
    ratings = [3, 3, 1, 4]
    one, other = card_of(learner), card_of(learner, learner.eye)
    say(learner, *(answer(one, rating, at) for rating, at in zip(ratings, times, strict=True)))
    for place in (1, 3, 0, 2):
        say(learner, answer(other, ratings[place], times[place]))
    one.refresh_from_db()
    other.refresh_from_db()
    # the dates are spread by the word; what is remembered is the same
    assert [getattr(one, name) for name in ("state", "stability", "difficulty", "lapses", "last_review")] == [
        getattr(other, name) for name in ("state", "stability", "difficulty", "lapses", "last_review")
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(1, 4), st.integers(0, 400)),  # rating, hours since the start
        st.tuples(st.just("resend"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("undo"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("practise"), st.integers(1, 4), st.integers(0, 400)),
    ),
    max_size=14,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_order_of_answers_undos_and_resends_is_the_log_replayed(learner: SimpleNamespace, steps: Any) -> None:
    with transaction.atomic():
        card = card_of(learner)
        sent: list[Answer] = []
        undone: set[uuid.UUID] = set()
        for what, number, hours in steps:
            if what in {"answer", "practise"}:
                sent.append(answer(card, number, START + timedelta(hours=hours), is_practice=what == "practise"))
                say(learner, sent[-1])
            elif sent and what == "resend":
                assert say(learner, sent[number % len(sent)]) == ["known"]
            elif sent:
                chosen = sent[number % len(sent)]
                undo(owner=learner.person, review_id=chosen.id, rules=RULES)
                undone.add(chosen.id)
            here = Card.objects.get(pk=card.pk)
            assert here.last_review is None or here.due > here.last_review
        assert Review.objects.count() == len(sent)
        # the log, computed by itself: each answer that counts once, by its time and then as it came
        fresh = Card(pk=card.pk, lexeme_id=card.lexeme_id, kind=card.kind, added_at=START, due=START)
        counted = [one for one in sent if one.id not in undone and not one.is_practice]
        for one in sorted(counted, key=lambda one: one.at):
            scheduling.review(fresh, one.rating, one.at, RULES)
        assert scheduling_of(Card.objects.get(pk=card.pk)) == scheduling_of(fresh)
        deck.replay(here := Card.objects.get(pk=card.pk), RULES)
        assert scheduling_of(here) == scheduling_of(fresh)
        transaction.set_rollback(True)


@given(
    ratings=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    gaps=st.lists(st.integers(0, 4000), min_size=30, max_size=30),
    retention=st.floats(0.0, 1.0),
    easy=st.sets(st.integers(0, 6)),
)
@settings(max_examples=150, deadline=None)
def test_a_due_date_is_after_the_review_and_within_the_longest_interval(
    ratings: list[int], gaps: list[int], retention: float, easy: set[int]
) -> None:
    rules = Rules.of(DeckSettings(owner=User(time_zone="Asia/Tokyo"), retention=retention, easy_days=list(easy)))
    card, at = Card(lexeme_id=1, kind="recognise", due=START, added_at=START), START
    for rating, days in zip(ratings, gaps, strict=False):
        at += timedelta(days=days)
        before = random.getstate()
        scheduling.review(card, rating, at, rules)
        assert random.getstate() == before  # the global random numbers are left alone
        assert at < card.due <= at + timedelta(days=MOST_DAYS)
        again = Card(lexeme_id=1, kind="recognise")
        for name in SCHEDULING:
            setattr(again, name, getattr(card, name))
        assert scheduling_of(again) == scheduling_of(card)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_an_interval_avoids_easy_days_of_the_learner_where_it_can(zone: str) -> None:
    rules = Rules(easy_days=frozenset({5, 6}), zone=ZoneInfo(zone))
    days = set()
    for number in range(40):
        card = Card(lexeme_id=number, kind="recognise", state=2, stability=20.0, difficulty=5.0, due=START)
        card.last_review = START - timedelta(days=20)
        scheduling.review(card, 3, START, rules)
        days.add((card.due.astimezone(ZoneInfo(zone)) - timedelta(hours=4)).weekday())
    assert days <= {0, 1, 2, 3, 4}
    assert len(days) > 1  # cards that were learned together part


def test_the_database_refuses_a_due_date_before_the_review(learner: SimpleNamespace) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        card_of(learner, last_review=START, due=START - timedelta(seconds=1))


def test_answers_from_the_future_and_from_before_the_card_are_taken_at_its_bounds(learner: SimpleNamespace) -> None:
    now = timezone.now()
    card = card_of(learner, added_at=now - timedelta(hours=1))
    say(learner, answer(card, 3, now - timedelta(days=900)))
    assert Review.objects.get().at == card.added_at
    late = answer(card, 3, now + timedelta(days=900), took=-5)
    say(learner, late)
    stored = Review.objects.get(pk=late.id)
    assert stored.at <= timezone.now()
    assert stored.took == 0


def test_eight_lapses_set_a_card_apart_until_it_is_forgiven(learner: SimpleNamespace) -> None:
    card, at = card_of(learner), START
    for _n in range(LEECH):
        for rating in (4, 1):  # known, then forgotten
            at += timedelta(days=2)
            say(learner, answer(card, rating, at))
    card.refresh_from_db()
    assert card.lapses == LEECH
    assert list(Card.objects.leeches()) == [card]
    assert not Card.objects.learned().exists()
    assert deck.forgive(owner=learner.person, card_id=card.pk)
    assert list(Card.objects.learned()) == [card]
    assert not deck.forgive(owner=school.person("other"), card_id=card.pk)


def test_practice_moves_no_due_date(learner: SimpleNamespace) -> None:
    card = card_of(learner)
    say(learner, answer(card, 3, START))
    before = scheduling_of(Card.objects.get())
    practised = answer(card, 1, START + timedelta(days=1), is_practice=True)
    say(learner, practised)
    assert scheduling_of(Card.objects.get()) == before
    undo(owner=learner.person, review_id=practised.id, rules=RULES)
    assert scheduling_of(Card.objects.get()) == before


def test_practice_counts_in_no_retention(learner: SimpleNamespace) -> None:
    card = card_of(learner)
    say(learner, answer(card, 4, START))
    say(learner, answer(card, 1, START + timedelta(days=1), is_practice=True, typed="livra", verdict="typo"))
    (row,) = statistics.words_of(learner.person, [learner.book])
    assert (row.answers, row.right, row.lapses) == (1, 1, 0)
    # but the teacher sees how it was wrong
    assert row.mistakes == [("livra", "typo")]


def test_the_day_has_a_ceiling_and_the_rest_waits(learner: SimpleNamespace) -> None:
    now = timezone.now()
    words = [word(f"mot{number}") for number in range(12)]
    for one in words[:6]:
        card_of(learner, one, state=2, stability=5.0, difficulty=5.0, due=now - timedelta(days=2), last_review=START)
    for one in words[6:]:
        card_of(learner, one)
    learner.settings.reviews_a_day, learner.settings.new_a_day = 4, 3
    day = today(learner.person, learner.settings, now)
    assert (day.due, day.waiting, day.new) == (4, 2, 3)
    learner.settings.easy_days = list(range(7))
    day = today(learner.person, learner.settings, now)
    assert (day.due, day.new) == (2, 1)


def test_cards_come_in_order_and_a_word_once_a_day(learner: SimpleNamespace) -> None:
    now = timezone.now()
    minutes = card_of(learner, learner.book, state=1, step=0, due=now - timedelta(minutes=1))
    review = card_of(learner, learner.eye, state=2, stability=5.0, difficulty=5.0, last_review=START, due=now)
    new = card_of(learner, learner.go)
    card_of(learner, learner.go, CardKind.PRODUCE)  # the same word waits for another day
    early = card_of(learner, learner.book, CardKind.PRODUCE, state=1, step=0, due=now + timedelta(minutes=9))
    suspended = card_of(learner, learner.eye, CardKind.PRODUCE, is_suspended=True, state=1, step=0, due=now)
    day = today(learner.person, learner.settings, now)
    assert (day.due, day.new) == (3, 1)
    cards = next_cards(learner.person, day, 10, now=now)
    assert cards == [minutes, review, new, early]
    assert suspended not in cards
    assert next_cards(learner.person, day, 10, skip=[minutes.pk, new.pk], now=now)[0] == review
    # a browser that holds the new word gets no other card of it
    assert learner.go not in {card.lexeme for card in next_cards(learner.person, day, 10, skip=[new.pk], now=now)}
    say(learner, answer(new, 3, now))
    day = today(learner.person, learner.settings)
    assert learner.go.pk not in {card.lexeme_id for card in next_cards(learner.person, day, 10) if card.state == 0}


def test_what_a_browser_holds_counts_among_those_of_the_day(learner: SimpleNamespace) -> None:
    now = timezone.now()
    learner.settings.new_a_day, learner.settings.reviews_a_day = 3, 2
    new = [card_of(learner, word(f"new{number}")) for number in range(6)]
    known = [
        card_of(learner, word(f"old{number}"), state=2, stability=5.0, difficulty=5.0, last_review=START, due=now)
        for number in range(4)
    ]
    day = today(learner.person, learner.settings, now)
    assert (day.due, day.new) == (2, 3)
    asked = next_cards(learner.person, day, 20, now=now)
    assert asked == [*known[:2], *new[:3]]
    assert next_cards(learner.person, day, 20, skip=[card.pk for card in asked], now=now) == []
    assert next_cards(learner.person, day, 20, skip=[known[0].pk, new[0].pk], now=now) == [known[1], *new[1:3]]


def test_a_word_whose_review_is_due_is_not_asked_anew_the_same_day(learner: SimpleNamespace) -> None:
    now = timezone.now()
    review = card_of(learner, state=2, stability=5.0, difficulty=5.0, last_review=START, due=now)
    card_of(learner, kind=CardKind.PRODUCE)
    day = today(learner.person, learner.settings, now)
    assert (day.due, day.new) == (1, 0)
    assert next_cards(learner.person, day, 5, now=now) == [review]
    say(learner, answer(review, 3, now))
    # the page says that the day is over when no card is left, and not before
    day = today(learner.person, learner.settings)
    assert day.is_over
    assert next_cards(learner.person, day, 5) == []


def test_answers_of_a_clock_that_is_ahead_keep_their_order(learner: SimpleNamespace) -> None:
    card, ahead = card_of(learner), timezone.now() + timedelta(days=2)
    sent = [answer(card, rating, ahead) for rating in (1, 3, 4, 1)]
    say(learner, *sent)
    assert [row.pk for row in deck.effective(card)] == [one.id for one in sent]
    moved = scheduling_of(Card.objects.get())
    deck.replay(Card.objects.get(), RULES)
    assert scheduling_of(Card.objects.get()) == moved


def test_a_word_that_is_learned_cannot_be_deleted(learner: SimpleNamespace, visit: Any) -> None:
    card_of(learner)
    editor = school.person("editor", Role.EDITOR)
    page = visit(editor).post(f"/cms/vocabulary/word/delete/{learner.book.pk}/", follow=True).content.decode()
    assert "Somebody learns this word" in page
    assert Card.objects.count() == 1
    visit(editor).post(f"/cms/vocabulary/word/delete/{learner.go.pk}/")
    assert not Lexeme.objects.filter(pk=learner.go.pk).exists()


def test_a_new_kind_of_a_word_gets_its_note(learner: SimpleNamespace) -> None:
    card_of(learner, note="a trap")
    learner.settings.kinds = {"fr": ["recognise", "gender"]}
    save_words(owner=learner.person, lexemes=[learner.book], settings=learner.settings)
    assert set(Card.objects.values_list("kind", "note")) == {("recognise", "a trap"), ("gender", "a trap")}


def test_todays_numbers_are_bounded_queries(learner: SimpleNamespace, django_assert_num_queries: Any) -> None:
    card_of(learner)
    with django_assert_num_queries(1):
        due_count(learner.person)
    with django_assert_num_queries(2):
        day = today(learner.person, learner.settings)
    with django_assert_num_queries(2):  # what waits, and new cards
        next_cards(learner.person, day, 5)
    with django_assert_num_queries(3):
        next_cards(learner.person, day, 5, skip=[1])


def test_a_learner_s_day_begins_at_four_in_their_own_zone(learner: SimpleNamespace) -> None:
    person = User(time_zone="Asia/Tokyo")
    start, end = day_of(person, datetime(2026, 3, 2, 18, 59, tzinfo=UTC))  # 3:59 of the third of March in Tokyo
    assert (start, end) == (datetime(2026, 3, 1, 19, tzinfo=UTC), datetime(2026, 3, 2, 19, tzinfo=UTC))
    assert day_of(person, end)[0] == end

"""Typed answers to cards: each kind of mistake has its own verdict, and verdicts rate a card differently."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.vocabulary.answers.differences import difference
from learning.vocabulary.answers.keys import TextKey
from learning.vocabulary.answers.verdicts import grade_text
from learning.vocabulary.answers.words import KnownWords
from learning.vocabulary.grammar import FormKind
from learning.vocabulary.models import Card, CardKind, Form, Rating, State, Verdict
from learning.vocabulary.reviews.grading import RATINGS
from learning.vocabulary.reviews.questions import check, checked, questions_of
from tests import school
from tests.vocabulary.making import word


@pytest.fixture
def cards(db: Any) -> SimpleNamespace:
    """Words with the kinds of cards that are typed."""
    owner = school.person("learner")

    def card(kind: str, *word_facts: str, **facts: Any) -> Card:
        lexeme = word(*word_facts, **facts)
        return Card.objects.create(owner=owner, lexeme=lexeme, kind=kind)

    noun = {"part_of_speech": "noun"}
    made = SimpleNamespace(
        book=card("produce", "livre", "fr", "book", gender="m", forms={"plural": "livres"}, **noun),
        eye=card("produce", "œil", "fr", "eye", gender="m", forms={"plural": "yeux"}, **noun),
        hour=card("listen", "heure", "fr", "hour", gender="f", **noun),
        secretary=card("listen", "secrétaire", "fr", "secretary", gender="mf", **noun),
        most=card("produce", "la plupart", "fr", "most"),
        learned=card("produce", "learn", "en", "study", forms={FormKind.VARIANT: "lern", "past": "learned"}),
        past=card(CardKind.PAST, "go", "en", forms={"past": "went", "past_participle": "gone"}),
        participle=card(CardKind.PAST_PARTICIPLE, "parler", "fr", forms={"past_participle": "parlé", "past": "parle"}),
        many=card(CardKind.PAST, "take", "en"),
        gender=card("gender", "table", "fr", gender="f", **noun),
        both=card("gender", "élève", "fr", gender="mf", **noun),
        draft=card("produce", "neuf", "fr", "nine", state=State.DRAFT, forms={"feminine": "neuve"}),
        smile=card("produce", "smile :)", "en", "grin"),
        swim=card("produce", "to swim (across)", "en", "cross"),
        meaning=card("recognise", "chat", "fr", "cat"),
    )
    for spelling in ("took", "taken"):
        Form.objects.create(lexeme=made.many.lexeme, kind="past", spelling=spelling)
    return made


@pytest.mark.parametrize(
    ("name", "typed", "verdict"),
    [
        ("book", "livre", Verdict.EXACT),
        ("book", "  le livre ", Verdict.EXACT),
        ("book", "LE  LIVRE", Verdict.EQUIVALENT),
        ("book", "la livre", Verdict.ARTICLE),
        ("book", "livres", Verdict.FORM),
        ("book", "livra", Verdict.TYPO),
        ("book", "lirve", Verdict.TYPO),
        ("book", "table", Verdict.WRONG),
        ("book", "le", Verdict.WRONG),  # an article alone is no answer
        ("book", " \u00a0 ", Verdict.BLANK),
        ("eye", "l’œil", Verdict.EXACT),
        ("eye", "l'oeil", Verdict.EQUIVALENT),
        ("eye", "les yeux", Verdict.FORM),
        ("eye", "le œil", Verdict.ARTICLE),
        ("hour", "l’heure", Verdict.EQUIVALENT),  # before a French h the spelling does not tell
        ("secretary", "la secrétaire", Verdict.EQUIVALENT),
        ("secretary", "le secrétaire", Verdict.EXACT),
        ("secretary", "secretaire", Verdict.ACCENT),
        ("most", "la plupart", Verdict.EXACT),  # a word that begins like an article
        ("learned", "lern", Verdict.EQUIVALENT),
        ("learned", "learned", Verdict.FORM),
        ("past", "went", Verdict.EXACT),
        ("past", "gone", Verdict.FORM),
        ("past", "go", Verdict.FORM),
        ("past", "want", Verdict.TYPO),  # nothing says that it is a word: the dictionary does not have it here
        ("participle", "parle", Verdict.FORM),  # and not an accent: the form was asked for
        ("many", "took", Verdict.EXACT),
        ("many", "taken", Verdict.EQUIVALENT),
        ("many", "took / taken", Verdict.EQUIVALENT),  # as the card shows it
        ("gender", "f", Verdict.EXACT),
        ("gender", "m", Verdict.WRONG),
        ("both", "m", Verdict.EXACT),
        ("both", "f", Verdict.EQUIVALENT),
        ("draft", "neuve", Verdict.FORM),
        ("smile", "smile :)", Verdict.EXACT),
        ("smile", "smile", Verdict.EQUIVALENT),
        ("swim", "to swim", Verdict.EXACT),  # brackets in a dictionary mean: or without
        ("swim", "to swim across", Verdict.EXACT),
        ("book", "x" * 10_000, Verdict.WRONG),
    ],
)  # fmt: skip
def test_the_verdict_on_a_card_says_what_is_wrong(cards: Any, name: str, typed: str, verdict: Verdict) -> None:
    (question,) = questions_of([getattr(cards, name)], types_answers=True)
    grade = check(question, typed)
    assert grade is not None
    assert grade.verdict == verdict


def test_another_word_of_the_dictionary_is_no_slip(cards: Any) -> None:
    (question,) = questions_of([cards.past], types_answers=True)
    word("want", "en")
    found = check(question, "want")
    assert found is not None
    assert found.verdict == Verdict.WRONG


def test_a_gender_that_nobody_has_set_is_not_asked(cards: Any) -> None:
    cards.gender.lexeme.gender = ""
    (question,) = questions_of([cards.gender], types_answers=True)
    assert check(question, "f") is None


def test_a_meaning_is_rated_by_oneself(cards: Any) -> None:
    (question,) = questions_of([cards.meaning], types_answers=True)
    assert check(question, "cat") is None


def test_many_answers_are_graded_with_one_query_for_each_language(
    cards: Any, django_assert_max_num_queries: Any
) -> None:
    rows = [cards.eye, cards.past, cards.participle, cards.hour, cards.meaning]
    questions = questions_of(rows, types_answers=True)
    answers = list(zip(questions, ("oeil", "gone", "parlé", "heures", "x"), strict=True))
    with django_assert_max_num_queries(2 + 2):  # two languages; and other words for what “eye” is translated by
        grades = checked(answers)
    assert [grade and str(grade.verdict) for grade in grades] == ["equivalent", "form", "exact", "typo", None]


def test_verdicts_rate_differently() -> None:
    assert {str(verdict): rating for verdict, rating in RATINGS.items()} == {
        "exact": Rating.GOOD, "equivalent": Rating.GOOD, "accent": Rating.HARD, "article": Rating.HARD,
        "typo": Rating.HARD, "form": Rating.AGAIN, "wrong": Rating.AGAIN, "blank": Rating.AGAIN,
    }  # fmt: skip


def test_the_difference_is_shown_letter_by_letter() -> None:
    pieces = [(piece.kind, piece.text) for piece in difference("elve", "élève")]
    assert pieces == [("extra", "e"), ("missing", "é"), ("same", "l"), ("missing", "è"), ("same", "ve")]
    shown = grade_text("la livre", TextKey("(le )livre", language="fr", articles=("le",)), KnownWords())
    assert shown.right == "le livre"
    assert [(piece.kind, piece.text) for piece in shown.difference][:3] == [
        ("same", "l"), ("extra", "a"), ("missing", "e"),
    ]  # fmt: skip


def test_what_has_little_in_common_is_shown_whole() -> None:
    shown = grade_text("eleve", TextKey("fall"), KnownWords()).difference
    assert [(piece.kind, piece.text) for piece in shown] == [("extra", "eleve"), ("missing", "fall")]


@given(st.text(max_size=60), st.text(min_size=1, max_size=30))
def test_a_difference_gives_the_right_answer(typed: str, right: str) -> None:
    pieces = difference(typed, right)
    assert "".join(piece.text for piece in pieces if piece.kind != "extra") == right

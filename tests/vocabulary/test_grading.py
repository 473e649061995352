"""What is wrong with a typed answer: each kind of mistake has its own verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.vocabulary.models import Rating, Verdict
from learning.vocabulary.reviews.grading import Expected, Right, difference, grade

ARTICLES = ("le", "la", "l’")
BOOK = Expected((Right("livre", ("le",)), Right("bouquin")), articles=ARTICLES, forms=("livres",))
EYE = Expected((Right("œil", ("l’",)),), articles=ARTICLES, forms=("yeux",))
PUPIL = Expected((Right("élève", ("l’",)),), articles=ARTICLES, forms=("élèves",))
LEARNT = Expected((Right("learned"), Right("learnt")), forms=("learn", "learns"))
UMBRELLA = Expected((Right("parapluie", ("le",)),), articles=ARTICLES)
CAR = Expected((Right("voiture", ("la",)), Right("véhicule")), articles=ARTICLES)
MOST = Expected((Right("la plupart"),), articles=ARTICLES)
SECRETARY = Expected((Right("secrétaire", ("le", "la")),), articles=ARTICLES)


@pytest.mark.parametrize(
    ("typed", "expected", "verdict"),
    [
        ("livre", BOOK, Verdict.EXACT),
        ("  Livre ", BOOK, Verdict.EXACT),
        ("le livre", BOOK, Verdict.EXACT),
        ("LE  LIVRE", BOOK, Verdict.EXACT),
        ("bouquin", BOOK, Verdict.EQUIVALENT),
        ("la livre", BOOK, Verdict.ARTICLE),
        ("livres", BOOK, Verdict.FORM),
        ("livra", BOOK, Verdict.TYPO),
        ("lirve", BOOK, Verdict.TYPO),
        ("ivre", BOOK, Verdict.TYPO),
        ("table", BOOK, Verdict.WRONG),
        ("le", BOOK, Verdict.WRONG),  # an article alone is no answer
        ("", BOOK, Verdict.BLANK),
        (" \u00a0 ", BOOK, Verdict.BLANK),
        ("l'œil", EYE, Verdict.EXACT),
        ("oeil", EYE, Verdict.ACCENT),
        ("yeux", EYE, Verdict.FORM),
        ("le œil", EYE, Verdict.ARTICLE),
        ("e\u0301le\u0300ve", PUPIL, Verdict.EXACT),  # letters with marks of their own
        ("eleve", PUPIL, Verdict.ACCENT),
        ("élevé", PUPIL, Verdict.ACCENT),
        ("learned", LEARNT, Verdict.EXACT),
        ("learnt", LEARNT, Verdict.EQUIVALENT),
        ("learn", LEARNT, Verdict.FORM),
        ("paraplieu", UMBRELLA, Verdict.TYPO),  # two slips in a long word
        ("paraquolie", UMBRELLA, Verdict.WRONG),
        ("le véhicule", CAR, Verdict.EQUIVALENT),  # the article of the card's word is not that of another
        ("la véhicule", CAR, Verdict.EQUIVALENT),
        ("la plupart", MOST, Verdict.EXACT),  # a word that begins like an article
        ("La Plupart", MOST, Verdict.EXACT),
        ("le secrétaire", SECRETARY, Verdict.EXACT),
        ("la secrétaire", SECRETARY, Verdict.EXACT),
        ("bot", Expected((Right("boy"),)), Verdict.WRONG),  # in a short word another letter is another word
        ("x" * 10_000, BOOK, Verdict.WRONG),
    ],
)  # fmt: skip
def test_the_verdict_says_what_is_wrong(typed: str, expected: Expected, verdict: Verdict) -> None:
    assert grade(typed, expected).verdict == verdict


def test_verdicts_rate_differently() -> None:
    ratings = {verdict: grade(typed, BOOK).rating for verdict, typed in (
        ("exact", "livre"), ("article", "la livre"), ("typo", "livra"), ("form", "livres"), ("blank", ""),
    )}  # fmt: skip
    assert ratings == {
        "exact": Rating.GOOD,
        "article": Rating.HARD,
        "typo": Rating.HARD,
        "form": Rating.AGAIN,
        "blank": Rating.AGAIN,
    }


def test_the_difference_is_shown_letter_by_letter() -> None:
    pieces = [(piece.kind, piece.text) for piece in difference("elve", "élève")]
    assert pieces == [("extra", "e"), ("missing", "é"), ("same", "l"), ("missing", "è"), ("same", "ve")]
    shown = grade("la livre", BOOK)
    assert shown.right == "le livre"
    assert [(piece.kind, piece.text) for piece in shown.difference][:3] == [
        ("same", "l"), ("extra", "a"), ("missing", "e"),
    ]  # fmt: skip


def test_without_a_known_article_any_is_taken() -> None:
    hour = Expected((Right("heure"),), articles=ARTICLES)  # before a French h the spelling does not tell
    assert grade("l’heure", hour).verdict == Verdict.EXACT


@given(st.text(max_size=60), st.text(min_size=1, max_size=30), st.text(max_size=30))
def test_any_text_gets_a_verdict_and_a_difference_that_gives_the_right_answer(typed: str, word: str, form: str) -> None:
    if not " ".join(word.split()):
        return
    result = grade(typed, Expected((Right(word),), forms=(form,)))
    assert result.verdict in Verdict.values
    right = "".join(piece.text for piece in result.difference if piece.kind != "extra")
    assert right == result.right
    assert grade(word, Expected((Right(word),))).verdict == Verdict.EXACT

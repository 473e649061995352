"""Verdicts on typed answers: a table of answers in five languages, and what holds for every answer."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.vocabulary.answers.keys import WORTH, TextKey, without_brackets
from learning.vocabulary.answers.languages import normal, readings
from learning.vocabulary.answers.verdicts import Graded, grade_text, slips_allowed, words_of
from learning.vocabulary.answers.words import KnownWords, known_words
from learning.vocabulary.models import State, Verdict
from tests.vocabulary.making import word

HERE = Path(__file__).parent / "answers"
LANGUAGES = ("en", "fr", "ru", "es", "de")


def rows_of(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def key_of(row: dict[str, str]) -> TextKey:
    alternatives, articles = (tuple(filter(None, row[name].split(","))) for name in ("alternatives", "articles"))
    return TextKey(row["key"], alternatives, row["language"], articles)


@pytest.fixture
def dictionary(db: Any) -> None:
    """The words of the table, as the dictionary has them."""
    for row in rows_of("words.tsv"):
        forms = dict(zip(("plural", "feminine", "past", "past_participle"), row["forms"].split(","), strict=False))
        word(row["lemma"], row["language"], forms={kind: text for kind, text in forms.items() if text})


def graded(answer: str, key: TextKey) -> Graded:
    return grade_text(answer, key, known_words(key.language, words_of(answer, key)))


def test_answers_get_the_verdicts_of_the_table(dictionary: None, django_assert_max_num_queries: Any) -> None:
    rows = rows_of("answers.tsv")
    assert len(rows) >= 600
    assert {row["language"] for row in rows} == set(LANGUAGES)
    wrong = [
        f"{row['key']} ← {row['answer']!r}: {found.verdict} instead of {row['verdict']}"
        for row in rows
        if (found := graded(row["answer"], key_of(row))).verdict != row["verdict"]
    ]
    assert wrong == []
    with django_assert_max_num_queries(1):
        graded("I'll goes", TextKey("I will go", ("I go",), "en"))


def test_a_word_of_the_dictionary_is_never_graded_better_than_a_slip(dictionary: None) -> None:
    """Of each two words of a language: one is not the other with an accent, an article or a slip."""
    for code in LANGUAGES:
        rows = [row for row in rows_of("words.tsv") if row["language"] == code]
        known = known_words(code, [text for row in rows for text in [row["lemma"], *row["forms"].split(",")]])
        for row in rows:
            key = TextKey(row["lemma"], language=code)
            for other in rows:
                if other is row or normal(other["lemma"], code) == normal(row["lemma"], code):
                    continue
                verdict = grade_text(other["lemma"], key, known).verdict
                is_same = known.is_same_word(other["lemma"], row["lemma"])
                # à is no slip of a, but a form of “avoir” is spelled as another word, too
                assert verdict == Verdict.WRONG or is_same, (row["lemma"], other["lemma"], verdict)


def test_only_approved_words_of_the_language_are_known(db: Any) -> None:
    word("chat", "fr", forms={"plural": "chats"})
    word("chap", "fr", state=State.DRAFT, forms={"plural": "chaps"})
    known = known_words("fr", ["chat", "chats", "chap", "chaps"])
    assert [known.is_word(text) for text in ("chat", "Chats", "chap", "chaps")] == [True, True, False, False]
    assert known.is_same_word("chats", "chat")
    assert not known_words("en", ["chat", "chats"]).is_word("chat")
    assert not known_words("en", ["chat", "chats"]).is_word("chats")
    assert not known_words("", ["chat"]).is_word("chat")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
KEYS = st.builds(
    TextKey,
    answer=st.from_regex(r"[a-zà-ÿа-яё'’ ]{1,20}[a-zа-я]", fullmatch=True),
    alternatives=st.lists(st.from_regex(r"[a-zа-я ]{1,10}[a-z]", fullmatch=True), max_size=2).map(tuple),
    language=st.sampled_from([*LANGUAGES, "", "it"]),
)
NOTHING = KnownWords()


@settings(max_examples=300, deadline=None)
@given(key=KEYS)
def test_what_equals_a_key_is_right(key: TextKey) -> None:
    assert grade_text(key.spellings()[0], key, NOTHING).verdict == Verdict.EXACT
    for spelling in key.spellings():
        assert grade_text(spelling, key, NOTHING).is_right
        assert grade_text(spelling.upper(), key, NOTHING).is_right or "ß" in spelling.upper()


@settings(max_examples=300, deadline=None)
@given(answer=TEXTS, key=KEYS)
def test_every_answer_is_graded_the_same_twice(answer: str, key: TextKey) -> None:
    first = grade_text(answer, key, NOTHING)
    assert grade_text(answer, key, NOTHING) == first
    assert 0 <= key.share(first.verdict) <= 1
    if first.verdict not in {Verdict.EXACT, Verdict.EQUIVALENT, Verdict.BLANK}:
        # what is shown as the right answer is one of them
        assert first.right in key.spellings()


@settings(max_examples=200, deadline=None)
@given(answer=TEXTS, code=st.sampled_from(LANGUAGES))
def test_a_normal_form_is_its_own_normal_form(answer: str, code: str) -> None:
    once = normal(answer, code)
    assert normal(once, code) == once
    assert normal(f"  {answer} ", code) == once


@settings(max_examples=200, deadline=None)
@given(right=st.text("abcdefgh", min_size=1, max_size=12), place=st.integers(0, 11), letter=st.sampled_from("xyz"))
def test_as_many_slips_are_forgiven_as_the_length_allows(right: str, place: int, letter: str) -> None:
    place = min(place, len(right) - 1)
    typed = right[:place] + letter + right[place + 1 :]
    verdict = grade_text(typed, TextKey(right), NOTHING).verdict
    assert verdict == (Verdict.TYPO if len(right) >= 4 else Verdict.WRONG)
    far = letter * slips_allowed(right) + letter + right
    assert grade_text(far, TextKey(right), NOTHING).verdict == Verdict.WRONG


@pytest.mark.parametrize(
    ("answer", "key", "notes"),
    [
        ("eleve", "élève", ("Accent missing on “e” number 1: “é”.", "Accent missing on “e” number 2: “è”.")),
        ("francais", "français", ("Accent missing: “ç”, not “c”.",)),
        ("l'ete", "l’été", ("Accent missing on “e” number 1: “é”.", "Accent missing on “e” number 2: “é”.")),
        ("deja vu!", "déjà vu.", ("Accent missing: “é”, not “e”.", "Accent missing: “à”, not “a”.")),
        ("naïf", "naif", ("No accent here: “i”.",)),
        ("Noèl", "Noël", ("Another accent: “ë”.",)),
        ("la livre", "le livre", ()),
        ("chien", "livre", ()),
        ("livre", "livre", ()),
    ],
)
def test_what_differs_is_said_in_words(answer: str, key: str, notes: tuple[str, ...]) -> None:
    assert grade_text(answer, TextKey(key, language="fr"), NOTHING).notes == notes


def test_contractions_are_read_in_each_way() -> None:
    assert readings("he's here", "en") == {"he is here", "he has here"}
    assert readings("the cat's tail", "en") == {"the cat's tail"}
    assert readings("j'ai", "fr") == {"j'ai"}
    assert len(readings(" ".join(["they'd"] * 20), "en")) == 64


def test_optional_words_stand_in_brackets() -> None:
    assert without_brackets("(the) big (red) cat") == ["the big red cat", "the big cat", "big red cat", "big cat"]
    assert without_brackets("plain  text") == ["plain text"]
    many = without_brackets(" ".join(f"({letter})" for letter in "abcdefghijklmnop"))
    assert len(many) == 64
    assert many[0] == "a b c d e f g h i j k l m n o p"
    assert len(without_brackets("(a) " * 30 + "b")) < 64  # many ways give the same
    letters = " ".join(f"({letter})" for letter in "abcdefg")
    assert len(TextKey(letters, (f"{letters} x", f"{letters} y")).spellings()) == 64


def test_a_key_of_signs_alone_is_answered_by_them() -> None:
    for key in ("?", "()", ":)"):
        assert grade_text(key, TextKey(key), NOTHING).verdict == Verdict.EXACT
        assert grade_text("...", TextKey(key), NOTHING).verdict == Verdict.BLANK


def test_a_share_is_between_nothing_and_all() -> None:
    key = TextKey("a", worth={"typo": 7, "accent": -1, "form": 0.4})
    assert [key.share(verdict) for verdict in ("typo", "accent", "form", "exact")] == [1.0, 0.0, 0.4, WORTH["exact"]]


MANY = "(i'd) (he's) (we'd) (a) (b) (c) (d) they'd you'd she's"


@pytest.mark.parametrize(
    "hostile", ["a " * 50_000, "'" * 5000, "(" * 5000, "é" * 5000, "'d " * 3000, "x" * 100_000, "i'd he's " * 20]
)
def test_hostile_answers_take_no_time(hostile: str) -> None:
    import time

    started = time.process_time()
    for code in LANGUAGES:
        grade_text(hostile, TextKey("I'd have gone (away) by then", ("he's gone",), code), NOTHING)
        grade_text(hostile[:200], TextKey(MANY, (MANY,) * 20, code), NOTHING)
    assert time.process_time() - started < 3

"""Grades a typed answer: what is wrong with it, not only whether.

The letters are compared in the normal form NFC, without regard to case and to spaces at the ends.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from learning.vocabulary.folding import fold
from learning.vocabulary.models.cards import Rating, Verdict

MOST_LETTERS = 200

# A slip or an accent shows that the word is known, but not well; another form or article answers another question.
RATINGS: dict[str, Rating] = {
    Verdict.EXACT: Rating.GOOD,
    Verdict.EQUIVALENT: Rating.GOOD,
    Verdict.ACCENT: Rating.HARD,
    Verdict.TYPO: Rating.HARD,
    Verdict.ARTICLE: Rating.HARD,
    Verdict.FORM: Rating.AGAIN,
    Verdict.WRONG: Rating.AGAIN,
    Verdict.BLANK: Rating.AGAIN,
}


@dataclass(frozen=True, slots=True)
class Right:
    """A right answer, and the articles that are right before it; without any, every article is taken."""

    text: str
    articles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What is right: `answers`, of which the first is shown; what is not quite that is graded for its reason."""

    answers: tuple[Right, ...]
    articles: tuple[str, ...] = ()  # of the language, as “le”, “la”, “l’”
    forms: tuple[str, ...] = ()  # other spellings of the word


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the compared letters: the same in both, missing from the answer, or too much in it."""

    kind: Literal["same", "missing", "extra"]
    text: str

    @property
    def tag(self) -> str:
        """The HTML element that says the same."""
        return {"same": "span", "missing": "ins", "extra": "del"}[self.kind]


@dataclass(frozen=True, slots=True)
class Grade:
    verdict: Verdict
    right: str  # the right answer that is nearest to what was typed
    difference: tuple[Piece, ...]

    @property
    def rating(self) -> Rating:
        return RATINGS[self.verdict]


def grade(answer: str, expected: Expected) -> Grade:
    """The best verdict that any of the right answers gives."""
    typed = _plain(answer[:MOST_LETTERS])
    right = [Right(_plain(one.text), one.articles) for one in expected.answers]
    if not typed:
        return Grade(Verdict.BLANK, right[0].text, (Piece("missing", right[0].text),))
    texts = [one.text for one in right]
    article, bare = "", typed
    # a word may begin with what is an article elsewhere: “la plupart”
    if not _is_among(typed, texts):
        article, bare = _without_article(typed, expected.articles)
    verdict = _verdict(bare, texts, expected)
    nearest = max(right, key=lambda one: _likeness(bare, one.text))
    is_right = verdict in {Verdict.EXACT, Verdict.EQUIVALENT}
    if article and is_right and not _same_article(article, nearest):
        verdict = Verdict.ARTICLE
    shown = _with_article(nearest) if article else nearest.text
    return Grade(verdict, shown, difference(typed if article else bare, shown))


def _likeness(typed: str, right: str) -> float:
    return SequenceMatcher(None, typed.casefold(), right.casefold(), autojunk=False).ratio()


def _is_among(typed: str, texts: Sequence[str]) -> bool:
    return typed.casefold() in {text.casefold() for text in texts}


def _verdict(typed: str, right: Sequence[str], expected: Expected) -> Verdict:
    low, lows = typed.casefold(), [one.casefold() for one in right]
    if low in lows:
        return Verdict.EXACT if low == lows[0] else Verdict.EQUIVALENT
    folded = fold(typed)
    forms = {_plain(form).casefold() for form in expected.forms}
    # in this order: a form of the word may differ from it by an accent or a letter
    reasons = (
        (Verdict.FORM, low in forms),
        (Verdict.ACCENT, bool(folded) and any(folded == fold(one) for one in right)),
        (Verdict.TYPO, any(_is_slip(low, one) for one in lows)),
        (Verdict.FORM, bool(folded) and any(folded == fold(form) for form in forms)),
    )
    return next((verdict for verdict, holds in reasons if holds), Verdict.WRONG)


def _plain(text: str) -> str:
    spaced = " ".join(text.split())
    return unicodedata.normalize("NFC", spaced).replace("'", "’").replace("ʼ", "’")


def _without_article(typed: str, articles: Iterable[str]) -> tuple[str, str]:
    """The article at the beginning and the rest: “l’œil” is “l’” and “œil”."""
    low = typed.casefold()
    for article in sorted(map(_plain, articles), key=len, reverse=True):
        start = article.casefold() + _space(article)
        if low.startswith(start) and len(typed) > len(start):
            return article, typed[len(start) :]
    return "", typed


def _space(article: str) -> str:
    return "" if not article or article.endswith("’") else " "


def _same_article(article: str, right: Right) -> bool:
    # without a right one to compare with, as before a French h, any is taken
    return not right.articles or _is_among(article, [_plain(one) for one in right.articles])


def _with_article(right: Right) -> str:
    if not right.articles:
        return right.text
    article = _plain(right.articles[0])
    return f"{article}{_space(article)}{right.text}"


def _is_slip(typed: str, right: str) -> bool:
    """One letter wrong, missing, too much, or two changed over; two such in a word of eight letters or more.

    A word of three letters has no room for slips: another letter is another word.
    """
    length = len(right)
    allowed = 0 if length < 4 else 1 if length < 8 else 2
    return abs(len(typed) - length) <= allowed and _distance(typed, right, allowed) <= allowed


def _distance(one: str, other: str, most: int) -> int:
    """The number of such slips between two words (optimal string alignment); `most` + 1 where there are more."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, there in enumerate(other, start=1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != there))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == there:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return last[-1]


def difference(typed: str, right: str) -> tuple[Piece, ...]:
    """The answer beside what is right, letter by letter."""
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, typed.casefold(), right.casefold(), autojunk=False)
    if len(typed.casefold()) != len(typed) or len(right.casefold()) != len(right):  # ß is ss there
        matcher = SequenceMatcher(None, typed, right, autojunk=False)
    for kind, start, end, there, to in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", right[there:to]))
            continue
        if end > start:
            pieces.append(Piece("extra", typed[start:end]))
        if to > there:
            pieces.append(Piece("missing", right[there:to]))
    return tuple(pieces)

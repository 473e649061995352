"""Grades a typed answer: which verdict, why, and where it differs.

The verdicts in their order: exact, equivalent, accent, article, another form, typo, wrong, blank. The first that holds
is given. A word that the dictionary knows as another word is never a slip of the keys, and never an accent.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from django.utils.translation import gettext as _
from rapidfuzz.distance import OSA

from learning.vocabulary.answers.differences import Piece, difference
from learning.vocabulary.answers.keys import TextKey
from learning.vocabulary.answers.languages import normal, readings, rules_of, spelled
from learning.vocabulary.answers.words import Words
from learning.vocabulary.models.cards import Verdict

MOST_LETTERS = 2000  # of an answer that is compared; what is longer is cut
MOST_SLIPS = 2  # of the keys, in a whole answer
LIKE_ENOUGH = 0.4  # of 1: from here on letters are compared one by one
MOST_COMPARED = 8  # readings of an answer that are compared word by word
MOST_PAIRS = 200  # of such readings, with those of the right answers
_SIGNS = '.,;:!?"()[]¿¡'
_JOINTS = re.compile("[-' ]")
_RANKS = {verdict: place for place, verdict in enumerate(Verdict)}


def _rank(verdict: Verdict) -> int:
    """The place of a verdict among all, from the best."""
    return _RANKS[verdict]


@dataclass(frozen=True, slots=True)
class Graded:
    """The grade of one answer."""

    verdict: Verdict
    right: str  # the right answer that is nearest
    difference: tuple[Piece, ...]
    notes: tuple[str, ...] = ()  # what differs, in words, where the verdict does not say it

    @property
    def is_right(self) -> bool:
        return self.verdict in {Verdict.EXACT, Verdict.EQUIVALENT}


def grade_text(answer: str, key: TextKey, words: Words) -> Graded:
    """The verdict on a typed answer. `words` must know the words of the answer and of the key: see `words_of`."""
    typed = answer[:MOST_LETTERS].strip()
    right = key.spellings()
    if not typed or (not spelled(typed, key.language) and typed not in right):  # a key may be a sign alone
        return Graded(Verdict.BLANK, right[0], (Piece("missing", right[0]),))
    compared = _Compared(typed, right, key, words)
    verdict = compared.verdict()
    nearest = compared.nearest()
    if verdict in {Verdict.EXACT, Verdict.EQUIVALENT}:
        return Graded(verdict, nearest, (Piece("same", typed),))
    notes = tuple(_accents(typed, nearest)) if verdict == Verdict.ACCENT else ()
    return Graded(verdict, nearest, _pieces(typed, nearest), notes)


def _pieces(typed: str, right: str) -> tuple[Piece, ...]:
    """What differs letter by letter; the whole texts where so little is the same that single letters say nothing."""
    if OSA.normalized_similarity(typed.casefold(), right.casefold()) < LIKE_ENOUGH:
        return (Piece("extra", typed), Piece("missing", right))
    return difference(typed, right)


def words_of(answer: str, key: TextKey) -> list[str]:
    """The words that the dictionary is asked about, to grade this answer."""
    texts = [answer[:MOST_LETTERS], *key.spellings()]
    return list(dict.fromkeys(word for text in texts for word in _tokens(spelled(text, key.language))))


class _Compared:
    """An answer beside the right ones, by the rules of the language."""

    def __init__(self, typed: str, right: Sequence[str], key: TextKey, words: Words) -> None:
        self.typed, self.right, self.key, self.words = typed, right, key, words
        self.code, self.rules = key.language, rules_of(key.language)

    def verdict(self) -> Verdict:
        found = self._first()
        return self._beside_articles() if found == Verdict.WRONG else found

    def _first(self) -> Verdict:
        return next((verdict for verdict, holds in self._in_order() if holds()), Verdict.WRONG)

    def _in_order(self) -> list[tuple[Verdict, Callable[[], bool]]]:
        return [
            (Verdict.EXACT, lambda: self.typed in self.key.exact()),
            (Verdict.EQUIVALENT, self._is_equivalent),
            (Verdict.ACCENT, self._differs_by_accents),
            (Verdict.ARTICLE, self._differs_by_articles),
            (Verdict.FORM, self._differs_by_forms),
            (Verdict.TYPO, self._differs_by_slips),
        ]

    def _beside_articles(self) -> Verdict:
        """The verdict on what follows the article, or on the article, whichever is worse: “la cafe” for “le café”."""
        article, rest = self._split(spelled(self.typed, self.code))
        exact = [spelled(one, self.code) for one in self.key.exact()]
        found = Verdict.WRONG
        for one in self.right:
            expected, after = self._split(spelled(one, self.code))
            if article or expected:
                verdict = _Compared(rest, [after], TextKey(after, language=self.code), self.words)._first()
                is_right = article == expected if expected else self._is_right_article(article, exact)
                found = min(
                    found, max(verdict, Verdict.EQUIVALENT if is_right else Verdict.ARTICLE, key=_rank), key=_rank
                )
        return found

    def nearest(self) -> str:
        typed = normal(self.typed, self.code)
        return min(self.right, key=lambda one: OSA.normalized_distance(typed, normal(one, self.code)))

    def _is_equivalent(self) -> bool:
        typed = spelled(self.typed, self.code)
        meant = readings(typed, self.code)
        lows = [way for one in self.right for way in self._ways(one)]
        if any(not meant.isdisjoint(readings(low, self.code)) for low in lows):
            return True
        # signs of punctuation between the words are no part of the answer
        words = _tokens(typed)
        if words and any(words == _tokens(low) for low in lows):
            return True
        # an article before one word that is written without it here
        article, rest = self._split(typed)
        if not article or rest not in lows or (" " in rest and not self.key.articles):
            return False
        # which articles another word has, nobody has said
        exact = [way for one in self.key.exact() for way in self._ways(one)]
        return rest not in exact or self._is_right_article(article, exact)

    def _ways(self, right: str) -> tuple[str, str]:
        """How a right answer is written, and how it may be typed."""
        return spelled(right, self.code), normal(right, self.code)

    def _split(self, low: str) -> tuple[str, str]:
        """The article at the beginning, and the rest; an empty article where there is none."""
        for article in sorted(self.rules.articles, key=len, reverse=True):
            start = article if article.endswith("'") else f"{article} "
            if low.startswith(start) and len(low) > len(start):
                return article, low[len(start) :]
        return "", low

    def _is_right_article(self, article: str, exact: Iterable[str]) -> bool:
        right = {normal(one, self.code) for one in self.key.articles} or {self._split(one)[0] for one in exact} - {""}
        return not right or article in right

    def _differs_by_accents(self) -> bool:
        return any(
            bool(typed)
            and self.rules.without_accents(" ".join(typed)) == self.rules.without_accents(" ".join(right))
            # another word, or another form of the word, is more than an accent
            and not any(one != other and self.words.is_word(one) for one, other in zip(typed, right, strict=False))
            for typed, right in self._compared_words
        )

    def _differs_by_articles(self) -> bool:
        return any(self._has_other_articles(typed, right) for typed, right in self._compared_words)

    def _has_other_articles(self, typed: Sequence[str], right: Sequence[str]) -> bool:
        """Whether articles are missing, other ones, or one too much; not whether they are in other places."""
        if not typed or self._without_articles(typed) != self._without_articles(right):
            return False
        if len(typed) == len(right):
            return all(
                one == other or self.rules.articles.issuperset((one, other))
                for one, other in zip(typed, right, strict=True)
            )
        return len(typed) <= len(right) + 1

    def _without_articles(self, words: Iterable[str]) -> list[str]:
        return [word for word in words if word not in self.rules.articles]

    def _differs_by_forms(self) -> bool:
        for pairs in self._differing():
            # with another number the article is another one, too: “les yeux” for “l’œil”
            others = [pair for pair in pairs if not self.rules.articles.issuperset(pair)]
            if others and all(self.words.is_same_word(*pair) for pair in others):
                return True
        return False

    def _differs_by_slips(self) -> bool:
        if any(self._is_joined_otherwise(spelled(one, self.code)) for one in self.right):
            return True
        for pairs in self._differing():
            slips = [self._slips(*pair) for pair in pairs]
            if slips and None not in slips and sum(filter(None, slips)) <= MOST_SLIPS:
                return True
        return False

    @cached_property
    def _compared_words(self) -> list[tuple[list[str], list[str]]]:
        """The words of the answer beside those of each right one, with contractions written out."""
        typed = [_tokens(one) for one in sorted(readings(spelled(self.typed, self.code), self.code))[:MOST_COMPARED]]
        pairs = (
            (words, _tokens(right))
            for one in self.right
            for right in sorted(readings(spelled(one, self.code), self.code))[:MOST_COMPARED]
            for words in typed
        )
        return list(islice(pairs, MOST_PAIRS))

    def _differing(self) -> Iterable[list[tuple[str, str]]]:
        """The words that differ, typed and right, where there are as many of both."""
        for typed, right in self._compared_words:
            if len(typed) == len(right):
                yield [pair for pair in zip(typed, right, strict=True) if pair[0] != pair[1]]

    def _slips(self, typed: str, right: str) -> int | None:
        """How many slips make the typed word of the right one; None where it is too much, or another word."""
        if self._is_other_word(typed, right):
            return None
        allowed = slips_allowed(right)
        plain = [self.rules.without_accents(one) for one in (typed, right)]
        ways = (plain, [typed, normal(right, self.code)])
        distance = min(OSA.distance(*way, score_cutoff=allowed) for way in ways)
        # beside a slip in another word, a wrong accent is one more
        return max(1, distance) if distance <= allowed else None

    def _is_joined_otherwise(self, right: str) -> bool:
        """“alot” for “a lot”, “ice cream” for “ice-cream”, “dont” for “don't”: the letters are right."""
        typed = spelled(self.typed, self.code)
        letters = _JOINTS.sub("", right)
        if len(letters) < 4 or _JOINTS.sub("", typed) != letters:
            return False
        if typed.replace("-", " ") == right.replace("-", " "):
            return True
        return not any(self.words.is_word(word) for word in set(_tokens(typed)) - set(_tokens(right)))

    def _is_other_word(self, typed: str, right: str) -> bool:
        return typed != right and self.words.is_word(typed) and not self.words.is_same_word(typed, right)


def slips_allowed(right: str) -> int:
    """How many slips of the keys a word may have: none up to 3 letters, 1 up to 7, 2 from 8; none in a number."""
    if any(letter.isdigit() for letter in right):
        return 0
    return 0 if len(right) < 4 else 1 if len(right) < 8 else 2


def _tokens(text: str) -> list[str]:
    """The words, without signs of punctuation; what is elided stands alone: “l'œil” is “l'” and “œil”."""
    found = []
    for word in text.split():
        rest = word.strip(_SIGNS)
        head, apostrophe, tail = rest.partition("'")
        if len(rest) > 2 and rest[0] == rest[-1] == "'":
            found.append(rest[1:-1])
        elif apostrophe and tail and len(head) <= 2:
            found += [f"{head}'", tail]
        elif rest:
            found.append(rest)
    return found


def _accents(typed: str, right: str) -> Iterable[str]:
    """What is wrong with each accent."""
    typed, right = (unicodedata.normalize("NFC", text) for text in (typed, right))
    if len(typed) != len(right):
        return
    bases = [_base(letter) for letter in right]
    for place, (one, other) in enumerate(zip(typed, right, strict=True)):
        base = bases[place]
        if one.casefold() == other.casefold() or _base(one) != base:
            continue
        facts = {"letter": base, "right": other, "number": bases[:place].count(base) + 1}
        yield (
            _about_accent(
                is_missing=one.casefold() == base, is_none=other.casefold() == base, is_only=bases.count(base) == 1
            )
            % facts
        )


def _about_accent(*, is_missing: bool, is_none: bool, is_only: bool) -> str:
    if is_none:
        return _("No accent here: “%(right)s”.")
    if is_only:
        return _("Accent missing: “%(right)s”, not “%(letter)s”.") if is_missing else _("Another accent: “%(right)s”.")
    if is_missing:
        return _("Accent missing on “%(letter)s” number %(number)d: “%(right)s”.")
    return _("Another accent on “%(letter)s” number %(number)d: “%(right)s”.")


def _base(letter: str) -> str:
    return unicodedata.normalize("NFD", letter.casefold())[0]

"""What an author writes as the right answer, and what it allows."""

import re
from dataclasses import dataclass, field
from itertools import islice, product

from learning.vocabulary.models.cards import Verdict

MOST_SPELLINGS = 64  # that optional words in brackets may give
_OPTIONAL = re.compile(r"\(([^()]*)\)")

# the share of the points of an answer, where the author has set nothing else
WORTH: dict[str, float] = {
    Verdict.EXACT: 1.0,
    Verdict.EQUIVALENT: 1.0,
    Verdict.ACCENT: 0.75,
    Verdict.ARTICLE: 0.5,
    Verdict.FORM: 0.25,
    Verdict.TYPO: 0.75,
    Verdict.WRONG: 0.0,
    Verdict.BLANK: 0.0,
}


@dataclass(frozen=True, slots=True)
class TextKey:
    """The right answer to a typed question, with its alternatives.

    Words in brackets are optional: “(the) cat” takes “the cat” and “cat”.
    """

    answer: str
    alternatives: tuple[str, ...] = ()
    language: str = ""  # its code
    # those that are right before the answer, where it is written without one; empty: every one
    articles: tuple[str, ...] = ()
    worth: dict[str, float] = field(default_factory=lambda: dict(WORTH))

    def exact(self) -> list[str]:
        """The answer without brackets, with and without its optional words; the first is the one that is shown."""
        return without_brackets(self.answer)

    def spellings(self) -> list[str]:
        """All right answers without brackets, those of `exact` first; at most `MOST_SPELLINGS`."""
        found: dict[str, None] = {}
        for text in (self.answer, *self.alternatives):
            for spelling in without_brackets(text):
                found.setdefault(spelling)
        return list(found)[:MOST_SPELLINGS]

    def share(self, verdict: str) -> float:
        """The share of the points for this verdict, 0 to 1."""
        return min(1.0, max(0.0, float(self.worth.get(verdict, WORTH[verdict]))))


def without_brackets(text: str) -> list[str]:
    """The spellings that optional words in brackets allow, the one with all of them first."""
    parts = _OPTIONAL.split(text)
    if len(parts) == 1:
        return [" ".join(text.split())]
    # split gives plain text and optional text in turn
    choices = [(part, "") if place % 2 else (part,) for place, part in enumerate(parts)]
    found: dict[str, None] = {}
    # so many ways and not so many results: ways that give the same have no end
    for chosen in islice(product(*choices), MOST_SPELLINGS):
        found.setdefault(" ".join("".join(chosen).split()))
    return [spelling for spelling in found if spelling] or [" ".join(text.split())]

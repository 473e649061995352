"""Two texts side by side, letter by letter."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_SHOWN = 500  # that are compared one by one


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the compared letters: the same in both, missing from the answer, or too much in it."""

    kind: Literal["same", "missing", "extra"]
    text: str

    @property
    def tag(self) -> str:
        """The HTML element that says the same."""
        return {"same": "span", "missing": "ins", "extra": "del"}[self.kind]


def difference(typed: str, right: str) -> tuple[Piece, ...]:
    """The answer beside what is right, letter by letter; capitals and small letters are the same."""
    if max(len(typed), len(right)) > MOST_SHOWN:
        return (Piece("extra", typed[:MOST_SHOWN]), Piece("missing", right))
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

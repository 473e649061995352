"""Folded spellings: what is searched for instead of the letters themselves."""

import unicodedata

# letters that do not decompose into a base letter and a mark
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_MARKS = {"Mn", "Mc", "Me"}
LONGEST = 200  # characters of a folded spelling


def fold(text: str) -> str:
    """The spelling without case, accents and punctuation: “L’Œil” and “l oeil” are the same.

    It is the same for all languages, since who searches does not say in which language they do.
    """
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    # categories: L letters, N numbers; everything else that is no mark separates words
    letters = (
        character if (kind := unicodedata.category(character))[0] in "LN" else "" if kind in _MARKS else " "
        for character in plain
    )
    return " ".join("".join(letters).split())[:LONGEST].rstrip()

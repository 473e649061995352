"""What counts as the same spelling, by language: letters, accents, articles, contractions.

Accents are taken off a letter only where the language has the letter without them too: é and e are the same letter in
French, й and и are two letters in Russian, ñ and n in Spanish.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product

_ACCENTS = frozenset(
    "\u0300\u0301\u0302\u0303\u0308\u030a\u0327"
)  # grave, acute, circumflex, tilde, diaeresis, ring, cedilla
_STRESS = "\u0301"  # in Russian a mark for learners: за́мок


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one language."""

    same: dict[str, str] = field(default_factory=dict)  # letters that are the same as others: œ is oe, ё is е
    typed_as: dict[str, str] = field(default_factory=dict)  # letters with another spelling where a keyboard lacks them
    whole: frozenset[str] = frozenset()  # letters with a mark that are letters of their own
    articles: frozenset[str] = frozenset()

    def without_accents(self, text: str) -> str:
        """The text with base letters, where the language has them without the mark too."""
        return "".join(letter if letter in self.whole else _base(letter) for letter in text)


def _base(letter: str) -> str:
    first, *marks = list(unicodedata.normalize("NFD", letter))
    # Latin letters alone: й is no и
    return first if marks and _ACCENTS.issuperset(marks) and first.isascii() else letter


_RULES = {
    "en": Rules(same={"œ": "oe", "æ": "ae"}, articles=frozenset({"the", "a", "an"})),
    "fr": Rules(same={"œ": "oe", "æ": "ae"}, articles=frozenset({"le", "la", "l'", "les", "un", "une", "des", "du"})),
    "es": Rules(
        whole=frozenset("ñ"), articles=frozenset({"el", "la", "los", "las", "lo", "un", "una", "unos", "unas"})
    ),
    "de": Rules(
        same={"ß": "ss"},
        typed_as={"ä": "ae", "ö": "oe", "ü": "ue"},
        articles=frozenset(
            {"der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines"}
        ),
    ),
    "ru": Rules(same={"ё": "е", _STRESS: ""}),
}
_OTHER = Rules()


def rules_of(code: str) -> Rules:
    """The rules of a language by its code; those of an unknown one take accents off Latin letters only."""
    return _RULES.get(code, _OTHER)


# --- English contractions: I'll and I will are the same

_NOT = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "ain't": "ain't",
}  # fmt: skip
_VERBS = frozenset(
    ("do", "does", "did", "is", "are", "was", "were", "have", "has", "had", "would", "could", "should", "must", "need",
     "might", "ought", "dare", "may")
)  # fmt: skip
_ENDINGS = {"'ll": ("will", "shall"), "'ve": ("have",), "'re": ("are",), "'m": ("am",), "'d": ("would", "had")}
# after these words 's is “is” or “has”; after a noun it may be the possessive, so it is left as it is
_SUBJECTS = frozenset(
    ("he", "she", "it", "that", "this", "there", "here", "who", "what", "where", "when", "why", "how", "everybody",
     "everyone", "everything", "somebody", "someone", "something", "nobody", "nothing", "anybody", "anyone", "anything")
)  # fmt: skip
MOST_READINGS = 64


def readings(text: str, code: str) -> set[str]:
    """The text with its contractions written out, in each way in which they can be read; the text has small letters."""
    if code != "en" or ("'" not in text and "cannot" not in text):
        return {text}
    choices = [tuple(dict.fromkeys(_written_out(word))) for word in text.split(" ")]
    return {" ".join(words) for words in islice(product(*choices), MOST_READINGS)}


def _written_out(word: str) -> Iterator[str]:
    core = word.rstrip(".,;:!?")
    end = word[len(core) :]
    if core in _NOT:
        yield _NOT[core] + end
        return
    if core.endswith("n't") and core[:-3] in _VERBS:
        yield f"{core[:-3]} not{end}"
        return
    if core == "let's":
        yield f"let us{end}"
        return
    subject, apostrophe, _rest = core.rpartition("'")
    if apostrophe and core.endswith("'s") and subject in _SUBJECTS:
        yield from (f"{subject} is{end}", f"{subject} has{end}")
        return
    for ending, verbs in _ENDINGS.items():
        if core.endswith(ending) and len(core) > len(ending):
            yield from (f"{core[: -len(ending)]} {verb}{end}" for verb in verbs)
            return
    yield word


# --- normal forms

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’ʼ`´′ʹ", "'"), **dict.fromkeys("“”„«»‹›″", '"'), **dict.fromkeys("‐‑‒–—−", "-"),
        "…": "...", **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    }
)  # fmt: skip
_BEFORE_SIGN = re.compile(r" +([.,;:!?])")
_IN_QUOTES = re.compile(r'" *([^"]*?) *"')
_LAST_SIGNS = " .!?"


def normal(text: str, code: str) -> str:
    """As `spelled`, and letters that may be typed in another way are typed so: “schön” is “schoen”.

    Of a right answer, never of what was typed: “Baür” is not “Bauer”.
    """
    plain = spelled(text, code)
    for letter, other in rules_of(code).typed_as.items():
        plain = plain.replace(letter, other)
    return plain


def spelled(text: str, code: str) -> str:
    """Composed letters (NFC), small, with plain quotes, apostrophes and hyphens; single spaces, none before a sign.

    The signs at the end of a sentence are left out; letters that are the same in this language are one of them.
    """
    plain = unicodedata.normalize("NFC", text).translate(_SIGNS)
    plain = " ".join(plain.casefold().split())
    plain = _IN_QUOTES.sub(r'"\1"', _BEFORE_SIGN.sub(r"\1", plain)).rstrip(_LAST_SIGNS).lstrip("¿¡ ")
    for letter, other in rules_of(code).same.items():
        plain = plain.replace(letter, other)
    return plain

"""Database ids in what people send: addresses, forms and files."""

from collections.abc import Iterable

LARGEST_ID = 2**31 - 1  # the largest number that an integer column of every database holds


def parse_id(text: str | None) -> int | None:
    """Return the id that a text names; None when it is not a whole number that an id can be."""
    # `isdecimal` alone takes the digits of every script, and int() raises ValueError above 4,300 digits
    if not text or len(text) > len(str(LARGEST_ID)) or not (text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def parse_ids(texts: Iterable[object]) -> list[int]:
    """Return the ids that these texts or numbers name, in their order; what names none is left out."""
    return [found for text in texts if (found := parse_id(str(text))) is not None]

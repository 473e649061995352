"""Detect the encoding of a page: declared, by its byte order mark, or guessed."""

import codecs
import re

_DECLARED = re.compile(rb"""(?:charset\s*=\s*["']?|encoding\s*=\s*["'])\s*([\w.:-]+)""", re.IGNORECASE)
_HEAD = 4096  # bytes in which a declaration may stand
# UTF-32 before UTF-16, whose mark is the beginning of that of UTF-32
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_NO_PAGES = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"}  # as Python names them
_FREQUENT = set("оеаинтсрвлкмд")  # the most frequent letters of Russian, in lower case


def _declared(data: bytes) -> str | None:
    match = _DECLARED.search(data[:_HEAD])
    if not match:
        return None
    try:
        found = codecs.lookup(match[1].decode("ascii", "replace"))
    except LookupError:
        return None
    # Python has codecs that are no encodings, such as zlib and base64, and others that no page is written in
    if not found._is_text_encoding or found.name in _NO_PAGES:
        return None
    name = found.name
    # a page whose declaration can be read byte by byte is in none of these
    return None if name.startswith(("utf-16", "utf-32", "utf-7")) else name


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of its markup is zero."""
    sample = data[:_HEAD]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if even + odd <= len(sample) // 50:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess(data: bytes) -> str:
    """Between the Cyrillic encodings and the Western one, by how many frequent Russian letters each would give."""
    sample = data[:65_536]
    high = sum(byte >= 0xC0 for byte in sample)
    letters = high + sum(65 <= byte <= 122 for byte in sample)
    if not letters or high / letters < 0.2:
        return "cp1252"
    return max(
        ("cp1251", "koi8-r", "iso8859-5"),
        key=lambda name: sum(letter in _FREQUENT for letter in sample.decode(name, "replace")),
    )


def decoded(data: bytes) -> tuple[str, str | None]:
    """The text of a page, and the name of its encoding where that had to be guessed."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace"), None
    wide = _without_mark(data)
    if wide:
        return data.decode(wide, "replace"), wide
    try:
        # before the declaration, which is often wrong: text in another encoding is hardly ever valid UTF-8
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    declared = _declared(data)
    if declared is not None and declared != "utf-8":
        # as browsers do: pages that declare Latin-1 have the quotation marks of Windows
        return data.decode("cp1252" if declared == "iso8859-1" else declared, "replace"), None
    # a few broken characters do not make a page of UTF-8 one of another encoding
    text = data.decode("utf-8", "replace")
    if text.count("�") * 50 < sum(byte >= 0x80 for byte in data):
        return text, None
    guessed = _guess(data)
    return data.decode(guessed, "replace"), guessed

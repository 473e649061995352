"""The lesson that is measured: 24 blocks, five of them pictures; the same in Parta and in the tutorial."""

from io import BytesIO
from typing import Any

from PIL import Image

PARAGRAPH = (
    "<p>A lesson begins with a question that the reader can <b>ask themselves</b>, goes on with what is "
    "<i>known already</i>, and ends with something to do. Between them there is room for a picture and a list.</p>"
    "<p>What is read once is half forgotten by the evening; what is recalled stays longer than what is read again.</p>"
)
BLOCKS = 24
PICTURES = (3, 8, 12, 17, 21)
HEADINGS = (0, 6, 11, 16)
LISTINGS = (9, 19)


def kinds() -> list[str]:
    def kind(place: int) -> str:
        if place in PICTURES:
            return "image"
        if place in HEADINGS:
            return "heading"
        return "code" if place in LISTINGS else "text"

    return [kind(place) for place in range(BLOCKS)]


def jpeg(colour: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (1600, 900), colour).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def parta_body(pictures: list[int]) -> list[tuple[str, Any]]:
    ids = iter(pictures)
    made: dict[str, Any] = {
        "heading": lambda: {"text": "A part of the lesson", "level": "2"},
        "code": lambda: {"language": "python", "code": "for n in range(10):\n    print(n)"},
        "text": lambda: PARAGRAPH,
        "image": lambda: {"image": next(ids), "alt": "A plain colour", "caption": "A caption", "wide": False},
    }
    return [{"type": kind, "value": made[kind]()} for kind in kinds()]  # type: ignore[misc]


def tutorial_body(pictures: list[int]) -> list[dict[str, Any]]:
    ids = iter(pictures)
    made: dict[str, Any] = {
        "heading": lambda: "A part of the lesson",
        "code": lambda: "for n in range(10):\n    print(n)",
        "text": lambda: PARAGRAPH,
        "image": lambda: next(ids),
    }
    return [{"type": kind, "value": made[kind]()} for kind in kinds()]

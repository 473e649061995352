"""Raw data of a lesson's stream, and what can be said of it without the database."""

import uuid
from collections.abc import Iterator
from typing import Any

from learning.exchange.packages.html_tables import Grid
from learning.exchange.packages.html_trees import parsed, text_of

RawBlock = dict[str, Any]


def block_of(kind: str, value: Any) -> RawBlock:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def file_value(kind: str, key: int, title: str) -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {"video": {"captions": None, "poster": None}, "audio": {"transcript": ""}}
    extra = more.get(kind, {})
    return {"file": key, "title": title or ("" if kind == "file" else "–"), **extra}


def table_value(grid: Grid) -> dict[str, Any]:
    choice = "row" if grid.has_head else "column" if grid.has_column else "neither"
    return {
        "data": grid.rows,
        "table_caption": grid.caption,
        "table_header_choice": choice,
        "first_row_is_table_header": grid.has_head,
        "first_col_is_header": grid.has_column,
    }


def plain_text(blocks: list[RawBlock]) -> Iterator[str]:
    """The words of raw blocks, in their order."""
    for block in blocks:
        value = block["value"]
        if block["type"] == "text":
            yield _words_of_html(value)
        elif block["type"] == "callout":
            yield f"{value['title']} {_words_of_html(value['text'])}"
        elif block["type"] == "table":
            yield " ".join([value["table_caption"], *(cell for row in value["data"] for cell in row)])
        elif block["type"] in ("heading", "code"):
            yield value["text"] if block["type"] == "heading" else value["code"]


def _words_of_html(source: str) -> str:
    root = parsed(source)
    return text_of(root) if root is not None else ""


def minutes_to_read(blocks: list[RawBlock], words_per_minute: int = 120) -> int:
    """A guess at the minutes of a lesson: reading with thought, and two for each picture or video."""
    words = sum(len(text.split()) for text in plain_text(blocks))
    heavy = sum(1 for block in blocks if block["type"] in ("image", "video_link", "video", "audio"))
    return max(1, min(600, round(words / words_per_minute + 2 * heavy)))

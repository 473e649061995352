"""Imported paragraphs, lists and links, written with the tags that our rich text allows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Any

from learning.exchange.packages.html_trees import CONTROL, name_of
from learning.exchange.raw_blocks import RawBlock, block_of

# Attributes of a rich text link for the target of a link in the HTML; None where it leads nowhere here.
FindLink = Callable[[str], dict[str, str] | None]

# only what is known to be safe: browsers know more schemes than `javascript:` that run code (promise 17)
_SAFE = re.compile(r"(?:https?:|mailto:|tel:)|[^:]*(?:[/?#]|$)", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass
class _List:
    """A list that is open in the source, and how much of it has been written."""

    tag: str
    written: bool = False  # whether `<ul>` stands in the output
    item: bool = False  # whether an item is open
    inside_last: bool = False  # written into the last item of the list around it, which is closed with it
    joined: bool = False  # written as items of the list around it


@dataclass
class _Link:
    """A link that is open in the source."""

    href: str
    words: int  # written before it, to see whether it holds any of its own
    pictures: list[str] = field(default_factory=list)  # descriptions of the pictures in it


class TextWriter:
    """Gathers words into blocks of text, tag by tag around escaped words; what it cannot link is counted in `lost`."""

    def __init__(self, find_link: FindLink) -> None:
        self.find_link = find_link
        self.lost: list[str] = []
        self._begin()

    def _begin(self) -> None:
        """Start a new document."""
        self._blocks: list[RawBlock] = []
        self._text: list[str] = []  # paragraphs and lists that become the next block of text
        self._inline: list[str] = []  # the paragraph that is being written
        self._marks: list[tuple[str, str]] = []  # opening and closing tags that hold here
        self._marks_written = 0
        self._lists: list[_List] = []
        self._links: list[_Link | None] = []
        self._later: list[RawBlock] = []  # pictures and players of a list, which stand after it
        self._breaks = False  # a new line is due before the next words of a list item
        self._words = 0

    # --- words and paragraphs -----------------------------------------------------------

    def _write(self, text: str) -> None:
        words = _SPACE.sub(" ", CONTROL.sub("", text))
        if not words.strip(" "):
            before = self._out()[-1] if self._out() else ""
            if words and before and (before.startswith("</") or not before.endswith((" ", ">"))):
                self._out().append(" ")
            return
        self._begin_text()
        self._out().append(escape(words, quote=False))
        self._words += 1

    def _begin_text(self) -> None:
        """Open whatever words need around them: a list, an item, a new line, marks."""
        if self._lists:
            self._begin_item()
            if self._breaks:
                self._text.append("<br/>")
        self._breaks = False
        # a link that leads nowhere has pushed empty tags
        for opening, _closing in filter(any, self._marks[self._marks_written :]):
            self._out().append(opening)
        self._marks_written = len(self._marks)

    def _out(self) -> list[str]:
        return self._text if self._lists else self._inline

    def _close_mark(self) -> None:
        _opening, closing = self._marks.pop()
        if self._marks_written > len(self._marks):
            self._marks_written = len(self._marks)
            if closing:
                self._out().append(closing)

    def _end_marks(self) -> None:
        """Close the tags that are written; they are written again before the next words."""
        for _opening, closing in filter(any, reversed(self._marks[: self._marks_written])):
            self._out().append(closing)
        self._marks_written = 0

    def _end_paragraph(self) -> None:
        self._end_marks()
        if self._lists:
            top = self._lists[-1]
            self._breaks = top.item and not (self._text and self._text[-1] in ("<li>", "<br/>"))
            return
        inner = "".join(self._inline).strip()
        self._inline = []
        if inner:
            self._text.append(f"<p>{inner}</p>")

    def _flush(self) -> None:
        """Make a block of what has been gathered. Lists that are still open go on after it as new ones."""
        self._end_paragraph()
        self._breaks = False
        # a block cannot stand inside a list: the open lists are ended before it and go on after it
        for level in reversed(self._lists):
            self._end_list(level)
        text = "".join(self._text).strip()
        self._text = []
        if text:
            self._blocks.append(block_of("text", text))

    def _add(self, kind: str, value: Any) -> None:
        self._flush()
        self._blocks.append(block_of(kind, value))

    def _put(self, kind: str, value: Any) -> None:
        """Add a block without words: in a list it waits for the end of the list, whose numbers go on."""
        if self._lists:
            self._later.append(block_of(kind, value))
        else:
            self._add(kind, value)

    # --- lists --------------------------------------------------------------------------

    def _open_list(self, node: Any) -> bool:
        self._end_paragraph()
        self._lists.append(_List(name_of(node)))
        return True

    def _open_item(self, node: Any) -> bool:
        if self._lists:
            self._close_item()
        else:
            self._end_paragraph()
        return True

    def _begin_item(self) -> None:
        top = self._lists[-1]
        around = self._lists[-2] if len(self._lists) > 1 else None
        if not top.written:
            if around is not None and around.written and not around.item:
                if self._text and self._text[-1] == "</li>":
                    self._text.pop()
                    top.inside_last = True
                else:
                    top.joined = True
            if not top.joined:
                self._text.append(f"<{top.tag}>")
            top.written = True
        if not top.item:
            self._text.append("<li>")
            top.item, self._breaks = True, False

    def _close_item(self) -> None:
        self._end_marks()
        self._breaks = False
        top = self._lists[-1]
        if top.item:
            self._text.append("</li>")
            top.item = False

    def _end_list(self, level: _List) -> None:
        """Write the end of a list, as far as it has been written."""
        if level.item:
            self._text.append("</li>")
        if level.written and not level.joined:
            self._text.append(f"</{level.tag}>")
        if level.inside_last:
            self._text.append("</li>")
        level.written = level.item = level.inside_last = level.joined = False

    def _close_list(self) -> None:
        self._end_marks()
        self._end_list(self._lists.pop())
        self._breaks = False
        if not self._lists and self._later:
            later, self._later = self._later, []
            self._flush()
            self._blocks += later

    # --- links --------------------------------------------------------------------------

    def _open_link(self, node: Any) -> bool:
        href = str(node.get("href") or "").strip()
        target = self._target(href)
        # a mark is pushed in any case, so that each link has one to take away
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in (target or {}).items())
        self._marks.append((f"<a{attributes}>", "</a>") if target else ("", ""))
        self._links.append(_Link(href, self._words) if target else None)
        return True

    def _target(self, href: str) -> dict[str, str] | None:
        """Where a link leads here; None, and a line in `lost`, where it leads nowhere that is safe."""
        if not href or href.startswith("#"):
            return None
        target = self.find_link(href)
        if target is None or not _SAFE.match(target.get("href", "/")):
            self.lost.append(href)
            return None
        return target

    def _close_link(self) -> None:
        link = self._links.pop() if self._links else None
        if link is not None and link.pictures and link.words == self._words:
            # nothing but pictures: the link stands below them, with the words of their descriptions
            self._write(next(filter(None, link.pictures), link.href))
            self._close_mark()
            self._end_paragraph()
            return
        self._close_mark()

"""Convert imported HTML into the blocks of a lesson.

Every word of the page arrives, in its order, once. Text is reduced to the few tags that our rich text knows; pictures,
tables, code, headings and videos become blocks of their own. Nothing of the original's scripts, styles or classes
survives: the output is written here, tag by tag, around escaped text.

The tree is walked without recursion, and a page has a deadline: depth and size of a hostile page cost time only.
"""

import re
from collections.abc import Callable
from html import escape
from time import monotonic
from typing import Any

from django.core.exceptions import ValidationError

from learning.courses.video import find_video
from learning.exchange.packages.html_tables import grid_of
from learning.exchange.packages.html_text import FindLink, TextWriter
from learning.exchange.packages.html_trees import BLOCKS, CONTROL, DROPPED, name_of, parsed, text_of
from learning.exchange.raw_blocks import RawBlock, file_value, table_value

# What a picture or file in the HTML means here: the id of a picture; the kind of a stored file (video, audio, file)
# and its id.
FindPicture = Callable[[str], int | None]
FindFile = Callable[[str], tuple[str, int] | None]

_MARKS = {
    "b": "b",
    "strong": "b",
    "i": "i",
    "em": "i",
    "sup": "sup",
    "sub": "sub",
    "code": "code",
    "kbd": "code",
    "tt": "code",
    "samp": "code",
    "dt": "b",
    "th": "b",
}
_HEADINGS = {"h1": "2", "h2": "2", "h3": "3", "h4": "3", "h5": "3", "h6": "3"}
_PLAYERS = frozenset(("iframe", "embed", "object", "video", "audio"))
_CALLOUT = re.compile(r"^\s*\[!(NOTE|TIP|WARNING|EXAMPLE)\][ \t]*([^\n]*)\n?", re.IGNORECASE)
TITLE_LENGTH = 160
# below the 60 s after which an import without news counts as dead (`stored_parts.DEAD_AFTER`)
SECONDS = 20.0  # for one page
CHECKED_EVERY = 500  # nodes between two looks at the clock


class PageTooSlowError(Exception):
    """Raised for a page that takes too long; none of it is imported."""


class BlockMaker(TextWriter):
    """Turns one document into raw stream data; unknown pictures and links are counted in `lost`."""

    def __init__(
        self, find_picture: FindPicture, find_link: FindLink, find_file: FindFile = lambda _source: None
    ) -> None:
        super().__init__(find_link)
        self.find_picture, self.find_file = find_picture, find_file
        self._is_inner = False
        self._reset(monotonic() + SECONDS)

    def _reset(self, deadline: float) -> None:
        self._begin()
        self._deadline = deadline
        self._bold_headings: list[Any] = []
        self._nodes = 0

    def make(self, source: str) -> list[RawBlock]:
        """The blocks of a whole document. Raises PageTooSlowError."""
        root = parsed(source)
        if root is None:
            return []
        body = root.find("body")
        return self.make_tree(body if body is not None else root, monotonic() + SECONDS)

    def make_tree(self, root: Any, deadline: float) -> list[RawBlock]:
        self._reset(deadline)
        self._walk(root)
        self._flush()
        return self._blocks

    # --- the walk -----------------------------------------------------------------------

    def _walk(self, root: Any) -> None:
        work: list[tuple[str, Any]] = [("inside", root)]
        while work:
            step, what = work.pop()
            self._nodes += 1
            if self._nodes % CHECKED_EVERY == 0 and monotonic() > self._deadline:
                raise PageTooSlowError
            if step == "text":
                self._write(what)
            elif step == "close":
                self._close(what)
            elif step == "inside" or self._open(what):
                inside: list[tuple[str, Any]] = [("text", what.text or "")]
                for child in what:
                    inside += [("open", child), ("text", child.tail or "")]
                if step == "open":
                    inside.append(("close", what))
                work.extend(reversed(inside))

    def _open(self, node: Any) -> bool:
        """Begin an element; returns whether to go inside."""
        name = name_of(node)
        if name == "":
            # libxml2 makes a comment of a CDATA section, whose words a reader would miss
            if "[CDATA[" in (node.text or ""):
                self._write(str(node.text).removeprefix("[CDATA[").removesuffix("]]"))
            return False
        if name in DROPPED:
            return False
        handle = getattr(self, f"_open_{_HANDLERS[name]}", None) if name in _HANDLERS else None
        if handle is not None:
            return bool(handle(node))
        if name in BLOCKS:
            self._end_paragraph()
        if name in _MARKS:
            self._marks.append((f"<{_MARKS[name]}>", f"</{_MARKS[name]}>"))
        return True

    def _close(self, node: Any) -> None:
        name = name_of(node)
        if name in ("ul", "ol"):
            self._close_list()
        elif name == "li" and self._lists:
            self._close_item()
        elif name == "a":
            self._close_link()
        elif self._bold_headings and self._bold_headings[-1] is node:
            self._bold_headings.pop()
            self._close_mark()
        if name in _MARKS:
            self._close_mark()
        if name in BLOCKS:
            self._end_paragraph()

    # --- blocks of their own ------------------------------------------------------------

    def _open_heading(self, node: Any) -> bool:
        has_more = next(node.iter("a", "ul", "ol", "table", "pre", "blockquote"), None) is not None
        title = " ".join(text_of(node).split())
        if self._lists or has_more or next(node.iterdescendants(*_HEADINGS), None) is not None:
            # a title block holds plain words only: with links in it, it is a paragraph in bold
            self._end_paragraph()
            self._marks.append(("<b>", "</b>"))
            self._bold_headings.append(node)
            return True
        if title:
            head, rest = _cut(title, TITLE_LENGTH)
            self._add("heading", {"text": head, "level": _HEADINGS[name_of(node)]})
            if rest:
                self._write(rest)
                self._end_paragraph()
        for inner in node.iter("img", *_PLAYERS):
            self._picture(inner) if inner.tag == "img" else self._player(inner)
        return False

    def _open_picture(self, node: Any) -> bool:
        self._picture(node)
        return False

    def _picture(self, node: Any) -> None:
        source, alt = str(node.get("src") or ""), " ".join(str(node.get("alt") or "").split())
        for link in filter(None, self._links):
            link.pictures.append(alt)
        formula = node.get("data-equation-content")
        found = None if formula else self.find_picture(source)
        if formula:
            self._formula(str(formula))
        elif found is not None:
            caption = " ".join(str(node.get("title") or "").split())
            self._put("image", {"image": found, "alt": alt[:300], "caption": caption[:300], "wide": False})
        elif source:
            self.lost.append(source)
            if alt:
                self._write(f"[{alt}]")

    def _formula(self, tex: str) -> None:
        self._marks.append(("<code>", "</code>"))
        self._write(tex)
        self._close_mark()

    def _open_script(self, node: Any) -> bool:
        if str(node.get("type") or "").startswith("math/tex"):
            self._formula(node.text or "")
        return False

    def _open_player(self, node: Any) -> bool:
        found = self._player(node)
        # libxml2 puts what follows an <embed> into it; the others hold words for those who see no player
        return node.tag == "embed" or not found

    def _player(self, node: Any) -> bool:
        source = node.get("src") or node.get("data") or next((s.get("src") for s in node.iter("source")), None) or ""
        source = f"https:{source}" if source.startswith("//") else source
        title = " ".join(str(node.get("title") or node.get("aria-label") or "").split())[:TITLE_LENGTH]
        if not source:
            return False
        stored = self.find_file(source)
        if stored is not None:
            kind, key = stored
            self._put(kind, file_value(kind, key, title))
            return True
        try:
            find_video(source)
        except ValidationError:
            if source.startswith(("http://", "https://")):
                self._link_to(source, title or source)
                return True
            self.lost.append(source)
            return False
        self._put("video_link", {"url": source, "title": title or "Video"})
        return True

    def _link_to(self, address: str, words: str) -> None:
        self._end_paragraph()
        self._marks.append((f'<a href="{escape(address)}">', "</a>"))
        self._write(words)
        self._close_mark()
        self._end_paragraph()

    def _open_code(self, node: Any) -> bool:
        inner = node.find(".//code")
        classes = (inner.get("class") or "").split() if inner is not None else []
        language = next((name.removeprefix("language-") for name in classes if name.startswith("language-")), "")
        code = CONTROL.sub("", text_of(node, lines=True)).strip("\n")
        if code.strip():
            self._add("code", {"language": language[:30], "code": code})
        # a code block is plain text: the addresses of its links go only into the report
        self.lost += [href for href in (link.get("href") for link in node.iter("a")) if href]
        for picture in node.iter("img"):
            self._picture(picture)
        return False

    def _open_table(self, node: Any) -> bool:
        self._end_paragraph()
        grid = grid_of(node, self._cell)
        if grid is None:
            return True  # it only arranges things: its cells become paragraphs
        for words in grid.outside:
            self._write(words)
            self._end_paragraph()
        if grid.rows:
            self._add("table", table_value(grid))
        return False

    def _cell(self, node: Any) -> str | None:
        """The plain words of a cell, with the address of each link behind its words; None where that loses a link."""
        addresses: dict[Any, str] = {}
        for link in node.iter("a"):
            href = str(link.get("href") or "").strip()
            target = self._target(href)
            if target and "href" not in target:
                return None
            if target and href not in text_of(link):
                addresses[link] = f" ({href})"
        return " ".join(text_of(node, after=addresses).split())

    def _open_quote(self, node: Any) -> bool:
        self._end_paragraph()
        match = _CALLOUT.match(text_of(node, lines=True))
        # blocks of their own cannot stand inside a list or another callout
        if match is None or self._lists or self._is_inner:
            return True
        title = _take_marker(node)
        inner = BlockMaker(self.find_picture, self.find_link, self.find_file)
        inner._is_inner = True  # a callout holds no other
        # the page's own deadline: a thousand quotations must not have 20 seconds each
        blocks = inner.make_tree(node, self._deadline)
        self.lost += inner.lost
        text = ""
        # a callout holds text only: from the first other block on, the rest comes after it
        while blocks and blocks[0]["type"] == "text":
            text += blocks.pop(0)["value"]
        head, rest = _cut(title, 120)
        text = (f"<p>{escape(rest, quote=False)}</p>" if rest else "") + text
        self._add("callout", {"kind": match.group(1).lower(), "title": head, "text": text})
        self._blocks += blocks
        return False

    def _open_rule(self, node: Any) -> bool:
        self._end_paragraph()
        if not self._lists:
            self._text.append("<hr/>")
        return False

    def _open_break(self, node: Any) -> bool:
        if self._lists:
            self._breaks = self._lists[-1].item
        elif self._inline:
            self._inline.append("<br/>")
        return bool(len(node))


_HANDLERS = {
    **dict.fromkeys(("ul", "ol"), "list"),
    **dict.fromkeys(_HEADINGS, "heading"),
    **dict.fromkeys(_PLAYERS, "player"),
    "li": "item",
    "a": "link",
    "img": "picture",
    "script": "script",
    "pre": "code",
    "table": "table",
    "blockquote": "quote",
    "hr": "rule",
    "br": "break",
}


def _cut(words: str, length: int) -> tuple[str, str]:
    """The beginning of a text, at most so long and ending with a whole word, and the rest."""
    if len(words) <= length:
        return words, ""
    head = words[: length + 1].rpartition(" ")[0] or words[:length]
    return head, words[len(head) :].strip()


def _take_marker(node: Any) -> str:
    """Remove `[!NOTE] Title` from the beginning of a quotation; returns the title."""
    for element in node.iter():
        for part in ("text", "tail"):
            if part == "tail" and element is node:
                continue
            match = _CALLOUT.match(getattr(element, part) or "")
            if match:
                setattr(element, part, (getattr(element, part) or "")[match.end() :])
                return " ".join(match.group(2).split())
    return ""

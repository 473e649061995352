"""HTML of elsewhere, turned into the blocks of a lesson.

Every word of the page arrives, in its order, once. Text is reduced to the few tags that our rich text knows; pictures,
tables, code, headings and videos become blocks of their own. Nothing of the original's scripts, styles or classes
survives: the output is written here, tag by tag, around escaped text.

The tree is walked without recursion, and a page has a deadline: depth and size of a hostile page cost time only.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from time import monotonic
from typing import Any

from django.core.exceptions import ValidationError
from lxml import etree, html

from learning.courses.video import find_video
from learning.exchange.html_tables import Grid, grid_of

RawBlock = dict[str, Any]
# What a link, picture or file in the HTML means here: attributes of a rich text link; the id of a picture; the kind of
# a stored file (video, audio, file) and its id.
FindLink = Callable[[str], dict[str, str] | None]
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
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "body", "button", "caption", "center", "dd", "details", "dialog", "div", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "header", "html", "legend", "li", "main", "nav"),
        *("noscript", "optgroup", "option", "p", "section", "select", "summary", "tbody", "td", "template", "textarea"),
        *("tfoot", "th", "thead", "tr", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_DROPPED = frozenset(["head", "style", "link", "meta", "input", "param", "source", "track", "area", "base"])
_HEADINGS = {"h1": "2", "h2": "2", "h3": "3", "h4": "3", "h5": "3", "h6": "3"}
_PLAYERS = frozenset(("iframe", "embed", "object", "video", "audio"))
_CALLOUT = re.compile(r"^\s*\[!(NOTE|TIP|WARNING|EXAMPLE)\][ \t]*([^\n]*)\n?", re.IGNORECASE)
_SAFE = re.compile(r"(?:https?:|mailto:|tel:)|[^:]*(?:[/?#]|$)", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
TITLE_LENGTH = 160
SECONDS = 20.0  # for one page
CHECKED_EVERY = 500  # nodes between two looks at the clock


class PageTooSlowError(Exception):
    """A page that takes longer than its share; nothing of it is used."""


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


class BlockMaker:
    """Turns one document into raw stream data; unknown pictures and links are counted in `lost`."""

    def __init__(
        self, find_picture: FindPicture, find_link: FindLink, find_file: FindFile = lambda _source: None
    ) -> None:
        self.find_picture, self.find_link, self.find_file = find_picture, find_link, find_file
        self.lost: list[str] = []
        self._is_inner = False
        self._reset(monotonic() + SECONDS)

    def _reset(self, deadline: float) -> None:
        self._deadline = deadline
        self._blocks: list[RawBlock] = []
        self._text: list[str] = []  # paragraphs and lists that become the next block of text
        self._inline: list[str] = []  # the paragraph that is being written
        self._marks: list[tuple[str, str]] = []  # opening and closing tags that hold here
        self._marks_written = 0
        self._lists: list[_List] = []
        self._links: list[_Link | None] = []
        self._later: list[RawBlock] = []  # pictures and players of a list, which stand after it
        self._bold_headings: list[Any] = []
        self._breaks = False  # a new line is due before the next words of a list item
        self._words = 0
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
        name = _name(node)
        if name == "":
            if "[CDATA[" in (node.text or ""):
                self._write(str(node.text).removeprefix("[CDATA[").removesuffix("]]"))
            return False
        if name in _DROPPED:
            return False
        handle = getattr(self, f"_open_{_HANDLERS[name]}", None) if name in _HANDLERS else None
        if handle is not None:
            return bool(handle(node))
        if name in _BLOCKS:
            self._end_paragraph()
        if name in _MARKS:
            self._marks.append((f"<{_MARKS[name]}>", f"</{_MARKS[name]}>"))
        return True

    def _close(self, node: Any) -> None:
        name = _name(node)
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
        if name in _BLOCKS:
            self._end_paragraph()

    # --- words and paragraphs -----------------------------------------------------------

    def _write(self, text: str) -> None:
        words = _SPACE.sub(" ", _CONTROL.sub("", text))
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
        for level in reversed(self._lists):
            self._end_list(level)
        text = "".join(self._text).strip()
        self._text = []
        if text:
            self._blocks.append(_block("text", text))

    def _add(self, kind: str, value: Any) -> None:
        self._flush()
        self._blocks.append(_block(kind, value))

    def _put(self, kind: str, value: Any) -> None:
        """Add a block without words: in a list it waits for the end of the list, whose numbers go on."""
        if self._lists:
            self._later.append(_block(kind, value))
        else:
            self._add(kind, value)

    # --- lists --------------------------------------------------------------------------

    def _open_list(self, node: Any) -> bool:
        self._end_paragraph()
        self._lists.append(_List(_name(node)))
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
            self._add("heading", {"text": head, "level": _HEADINGS[_name(node)]})
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
            self._put(kind, _file_value(kind, key, title))
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
        code = _CONTROL.sub("", text_of(node, lines=True)).strip("\n")
        if code.strip():
            self._add("code", {"language": language[:30], "code": code})
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
            self._add("table", _table_value(grid))
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
        if match is None or self._lists or self._is_inner:
            return True
        title = _take_marker(node)
        inner = BlockMaker(self.find_picture, self.find_link, self.find_file)
        inner._is_inner = True  # a callout holds no other
        blocks = inner.make_tree(node, self._deadline)
        self.lost += inner.lost
        text = ""
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


def parsed(source: str) -> Any:
    """The tree of a document; None for an empty one. What is nested too deeply for a tree comes as paragraphs."""
    source = _CONTROL.sub("", source)
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        root = html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return None
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        flat = "".join(f"<p>{escape(line)}</p>" for line in _lines(source))
        return html.document_fromstring(f"<body>{flat}</body>") if flat else None
    return root


class _Lines(HTMLParser):
    """Gathers the words of a document line by line, without building a tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.skips = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("script", "style", "title"):
            self.skips = tag
        elif tag in _BLOCKS or tag == "br":
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.skips:
            self.skips = ""
        elif tag in _BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.skips:
            self.lines[-1] += data


def _lines(source: str) -> list[str]:
    reader = _Lines()
    reader.feed(source)
    reader.close()
    return [line for line in (" ".join(line.split()) for line in reader.lines) if line]


def _name(node: Any) -> str:
    """The name of an element; empty for comments."""
    return node.tag.lower().rpartition(":")[2] if isinstance(node.tag, str) else ""


def text_of(node: Any, *, lines: bool = False, after: dict[Any, str] | None = None) -> str:
    """All words below a node, blocks apart from each other; with `lines`, by new lines.

    `after` has words to put behind some of the elements.
    """
    apart = "\n" if lines else " "
    pieces: list[str] = []
    work: list[Any] = [node]
    while work:
        here = work.pop()
        if isinstance(here, str):
            pieces.append(here)
            continue
        name = _name(here)
        inside: list[Any] = []
        if name and name not in _DROPPED and name != "script":
            stands_apart = here is not node and (name in _BLOCKS or name == "br")
            inside = [apart if stands_apart else "", here.text or ""]
            for child in here:
                inside += [child, child.tail or ""]
            inside.append((after or {}).get(here, ""))
            inside.append(apart if stands_apart and name != "br" else "")
        work.extend(reversed(inside))
    return "".join(pieces)


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


def _block(kind: str, value: Any) -> RawBlock:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def _file_value(kind: str, key: int, title: str) -> dict[str, Any]:
    more: dict[str, dict[str, Any]] = {"video": {"captions": None, "poster": None}, "audio": {"transcript": ""}}
    extra = more.get(kind, {})
    return {"file": key, "title": title or ("" if kind == "file" else "–"), **extra}


def _table_value(grid: Grid) -> dict[str, Any]:
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

"""HTML of elsewhere, turned into the blocks of a lesson.

Text is cleaned to the few tags that our rich text knows; pictures, tables, code, headings and
videos become blocks of their own. Nothing of the original's scripts, styles or classes survives.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import nh3
from bs4 import BeautifulSoup, NavigableString, Tag
from django.core.exceptions import ValidationError

from learning.courses.video import find_video

RawBlock = dict[str, Any]
# What a link or picture in the HTML means here: the id of a picture; a rich text link's attributes.
FindPicture = Callable[[str], int | None]
FindLink = Callable[[str], dict[str, str] | None]

_RENAMED = {"strong": "b", "em": "i", "h1": "b", "kbd": "code", "tt": "code", "samp": "code"}
_INLINE_OK = {"b", "i", "code", "a", "sup", "sub", "br"}
_BLOCK_OK = {"p", "ul", "ol", "li", "hr"}
_DROPPED = {"script", "style", "noscript", "template", "head", "meta", "link", "form", "button", "input", "select"}
_ATTRIBUTES = {"a": {"href", "linktype", "id"}}
_CALLOUT = re.compile(r"^\[!(NOTE|TIP|WARNING|EXAMPLE)\][ \t]*([^\n]*)\n?", re.IGNORECASE)
_HEADINGS = {"h1": "2", "h2": "2", "h3": "3", "h4": "3", "h5": "3", "h6": "3"}
TITLE_LENGTH = 160


class BlockMaker:
    """Turns one document into raw stream data; unknown pictures and links are counted in `lost`."""

    def __init__(self, find_picture: FindPicture, find_link: FindLink) -> None:
        self.find_picture = find_picture
        self.find_link = find_link
        self.lost: list[str] = []
        self._blocks: list[RawBlock] = []
        self._text: list[str] = []

    def make(self, html: str) -> list[RawBlock]:
        soup = BeautifulSoup(html, "lxml")
        self._blocks, self._text = [], []
        self._walk(soup.body or soup)
        self._flush()
        return self._blocks

    # --- collecting -------------------------------------------------------------------

    def _add(self, kind: str, value: Any) -> None:
        self._flush()
        self._blocks.append({"type": kind, "value": value, "id": str(uuid.uuid4())})

    def _flush(self) -> None:
        html = "".join(self._text).strip()
        self._text = []
        if BeautifulSoup(html, "lxml").get_text(strip=True) or "<hr" in html:
            self._blocks.append({"type": "text", "value": html, "id": str(uuid.uuid4())})

    def _paragraph(self, inner: str) -> None:
        inner = inner.strip()
        if BeautifulSoup(inner, "lxml").get_text(strip=True):
            self._text.append(f"<p>{inner}</p>")

    # --- walking ----------------------------------------------------------------------

    def _walk(self, parent: Tag) -> None:
        """Children that are inline gather to a paragraph; the others are blocks."""
        inline: list[str] = []
        for child in list(parent.children):
            if isinstance(child, NavigableString):
                if type(child) is NavigableString:
                    inline.append(escape(str(child), quote=False))
                continue
            if not isinstance(child, Tag) or child.name in _DROPPED:
                continue
            if self._is_inline(child):
                inline.append(self._inline(child))
                continue
            self._paragraph("".join(inline))
            inline = []
            self._block(child)
        self._paragraph("".join(inline))

    def _is_inline(self, tag: Tag) -> bool:
        inline_names = _INLINE_OK | set(_RENAMED) - {"h1"} | {"span", "u", "small", "font", "abbr", "cite", "q", "mark"}
        heavy = ["img", "iframe", "table", "p", "div", "ul", "ol", "pre", *_HEADINGS]
        return tag.name in inline_names and tag.find(heavy) is None

    def _block(self, tag: Tag) -> None:
        name = tag.name
        if name in _HEADINGS:
            self._heading(tag)
        elif name == "img":
            self._picture(tag)
        elif name == "table":
            self._table(tag)
        elif name == "pre":
            self._code(tag)
        elif name in ("iframe", "embed", "object", "video", "audio"):
            self._player(tag)
        elif name in ("ul", "ol"):
            self._list(tag)
        elif name == "blockquote":
            self._quote(tag)
        elif name == "hr":
            self._text.append("<hr/>")
        elif name == "dl":
            self._definitions(tag)
        else:
            self._walk(tag)

    def _heading(self, tag: Tag) -> None:
        title = " ".join(tag.get_text(" ").split())
        if title:
            self._add("heading", {"text": title[:TITLE_LENGTH], "level": _HEADINGS[tag.name]})
        for picture in tag.find_all("img"):
            self._picture(picture)

    def _picture(self, tag: Tag) -> None:
        source = str(tag.get("src") or "")
        found = self.find_picture(source)
        if found is None:
            if source:
                self.lost.append(source)
            return
        caption = str(tag.get("title") or "")
        alt = str(tag.get("alt") or "")[:300]
        self._add("image", {"image": found, "alt": alt, "caption": caption[:300], "wide": False})

    def _table(self, tag: Tag) -> None:
        rows = [row.find_all(["td", "th"], recursive=False) for row in tag.find_all("tr")]
        rows = [row for row in rows if row]
        width = max((len(row) for row in rows), default=0)
        is_layout = width < 2 or tag.find(["table", "img", "iframe", "ul", "ol"]) is not None
        if is_layout:
            for row in rows:
                for cell in row:
                    self._walk(cell)
            return
        data = [[" ".join(cell.get_text(" ").split()) for cell in row] for row in rows]
        data = [row + [""] * (width - len(row)) for row in data]
        head = all(cell.name == "th" for cell in rows[0])
        column = not head and all(row[0].name == "th" for row in rows)
        choice = "row" if head else "column" if column else "neither"
        self._add(
            "table",
            {
                "data": data,
                "table_caption": "",
                "table_header_choice": choice,
                "first_row_is_table_header": head,
                "first_col_is_header": column,
            },
        )

    def _code(self, tag: Tag) -> None:
        inner = tag.find("code")
        classes = inner.get("class") if isinstance(inner, Tag) else None
        names = [c.removeprefix("language-") for c in classes or [] if str(c).startswith("language-")]
        self._add("code", {"language": names[0][:30] if names else "", "code": tag.get_text().rstrip("\n")})

    def _player(self, tag: Tag) -> None:
        source = str(tag.get("src") or tag.get("data") or "")
        if source.startswith("//"):
            source = "https:" + source
        title = str(tag.get("title") or "")[:TITLE_LENGTH]
        try:
            find_video(source)
        except ValidationError:
            if source.startswith(("http://", "https://")):
                self._paragraph(f'<a href="{escape(source)}">{escape(title or source)}</a>')
            elif source:
                self.lost.append(source)
            return
        self._add("video_link", {"url": source, "title": title or "Video"})

    def _list(self, tag: Tag) -> None:
        pictures = [picture.extract() for picture in tag.find_all("img")]
        items = [self._item(item) for item in tag.find_all("li", recursive=False)]
        items = [item for item in items if BeautifulSoup(item, "lxml").get_text(strip=True)]
        if items:
            self._text.append(f"<{tag.name}>{''.join(f'<li>{item}</li>' for item in items)}</{tag.name}>")
        for picture in pictures:
            self._picture(picture)

    def _item(self, item: Tag) -> str:
        """The inside of a list item: inline text, and lists within it."""
        parts = []
        for child in item.children:
            if isinstance(child, Tag) and child.name in ("ul", "ol"):
                inner = "".join(f"<li>{self._item(i)}</li>" for i in child.find_all("li", recursive=False))
                parts.append(f"<{child.name}>{inner}</{child.name}>")
            elif isinstance(child, Tag):
                parts.append(self._inline(child))
            elif type(child) is NavigableString:
                parts.append(escape(str(child), quote=False))
        return "".join(parts).strip()

    def _quote(self, tag: Tag) -> None:
        match = _CALLOUT.match(tag.get_text().lstrip())
        if match is None:
            self._walk(tag)
            return
        inner = BlockMaker(self.find_picture, self.find_link)
        first = tag.find("p") or tag
        lines = self._inline(first)
        body = re.sub(r"^\s*\[![A-Za-z]+\][^\n]*\n?", "", lines, count=1).strip()
        first.decompose() if first is not tag else None
        rest = inner.make(tag.decode_contents())
        html = (f"<p>{body}</p>" if body else "") + "".join(b["value"] for b in rest if b["type"] == "text")
        title = BeautifulSoup(match.group(2), "lxml").get_text().strip()
        self._add("callout", {"kind": match.group(1).lower(), "title": title[:120], "text": html})

    def _definitions(self, tag: Tag) -> None:
        for child in tag.find_all(["dt", "dd"]):
            inner = self._inline(child)
            self._paragraph(f"<b>{inner}</b>" if child.name == "dt" else inner)

    # --- inline -----------------------------------------------------------------------

    def _inline(self, tag: Tag) -> str:
        """The tag as clean inline HTML, with links that lead where they lead here."""
        copy = BeautifulSoup(str(tag), "lxml")
        for dropped in copy.find_all(list(_DROPPED)):
            dropped.decompose()
        for link in copy.find_all("a"):
            href = str(link.get("href") or "")
            target = self.find_link(href)
            if target is None:
                if href and not href.startswith("#"):
                    self.lost.append(href)
                link.unwrap()
            else:
                link.attrs = dict(target)
        for other in copy.find_all(list(_RENAMED)):
            other.name = _RENAMED[other.name]
        kept = nh3.clean(
            str(copy.body.decode_contents() if copy.body else copy),
            tags=_INLINE_OK,
            attributes=_ATTRIBUTES,
            link_rel=None,
            url_schemes={"http", "https", "mailto", "tel"},
        )
        return kept.replace("<br>", "<br/>")


def plain_text(blocks: list[RawBlock]) -> Iterator[str]:
    """The words of raw blocks, for guessing the minutes."""
    for block in blocks:
        value = block["value"]
        if isinstance(value, str):
            yield BeautifulSoup(value, "lxml").get_text(" ")
        elif isinstance(value, dict):
            yield " ".join(str(part) for part in value.values() if isinstance(part, str))


def minutes_to_read(blocks: list[RawBlock], words_per_minute: int = 120) -> int:
    """A guess at the minutes of a lesson: reading with thought, and two for each picture or video."""
    words = sum(len(text.split()) for text in plain_text(blocks))
    heavy = sum(1 for block in blocks if block["type"] in ("image", "video_link", "video", "audio"))
    return max(1, min(600, round(words / words_per_minute + 2 * heavy)))

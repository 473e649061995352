"""Parse HTML into trees, and extract their text."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Any

from lxml import etree, html

BLOCKS = frozenset(
    {
        *("address", "article", "aside", "body", "button", "caption", "center", "dd", "details", "dialog", "div", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "header", "html", "legend", "li", "main", "nav"),
        *("noscript", "optgroup", "option", "p", "section", "select", "summary", "tbody", "td", "template", "textarea"),
        *("tfoot", "th", "thead", "tr", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
DROPPED = frozenset(["head", "style", "link", "meta", "input", "param", "source", "track", "area", "base"])
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def parsed(source: str) -> Any:
    """The tree of a document; None for an empty one. What is nested too deeply for a tree comes as paragraphs."""
    # XML allows no control characters, and PostgreSQL refuses NUL in a text (promise 32)
    source = CONTROL.sub("", source)
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        root = html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:
        return None
    # beyond 2,048 levels libxml2 stops and drops the rest; the flat reader below keeps every word
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
        elif tag in BLOCKS or tag == "br":
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.skips:
            self.skips = ""
        elif tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.skips:
            self.lines[-1] += data


def _lines(source: str) -> list[str]:
    reader = _Lines()
    reader.feed(source)
    reader.close()
    return [line for line in (" ".join(line.split()) for line in reader.lines) if line]


def name_of(node: Any) -> str:
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
        name = name_of(here)
        inside: list[Any] = []
        if name and name not in DROPPED and name != "script":
            stands_apart = here is not node and (name in BLOCKS or name == "br")
            inside = [apart if stands_apart else "", here.text or ""]
            for child in here:
                inside += [child, child.tail or ""]
            inside.append((after or {}).get(here, ""))
            inside.append(apart if stands_apart and name != "br" else "")
        work.extend(reversed(inside))
    return "".join(pieces)

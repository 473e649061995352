"""Messages as HTML: a subset of Markdown, with links, mentions and the titles of lessons.

markdown-it makes it and nh3 lets through what the subset holds; nothing else reaches a page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.models import Room
from learning.courses.models import CoursePage
from learning.enrollment.plans import plan_of, programme_for

MOST_NAME, MOST_NAME_WORDS = 80, 5
_AFTER_NAME = ".,:;!?)»”\"'*_~`"
QUOTED = 120  # characters of a message that an answer or a list shows of it
_TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "a", "blockquote", "ul", "ol", "li", "span"}
_MARKUP = re.compile(r"[\\`*_\[\]<>&#~|@\n\t]|://|^[-+>0-9 ]")
_SPACE = re.compile(r"\s+")
# Rendering takes time that grows with the square of these: a message with more of them is shown as plain words.
_MARK = re.compile(r"[\[\]*_~`<>&@!(\\]|^[ \t]*(?:[-+>]|\d+[.)])", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
MOST_MARKS, MOST_LINKS, MOST_FENCES = 300, 40, 100


def _mention(state: StateInline, silent: bool) -> bool:
    """`@Name` of someone in the room."""
    if state.src[state.pos] != "@" or not state.env.get("names") or (state.pos and state.src[state.pos - 1].isalnum()):
        return False
    rest = state.src[state.pos + 1 : state.pos + 2 + MOST_NAME].casefold()
    for name in state.env["names"]:
        after = rest[len(name) :]
        if rest.startswith(name.casefold()) and not (after and after[0].isalnum()):
            if not silent:
                opening = state.push("mention_open", "span", 1)
                opening.attrSet("class", "mention")
                state.push("text", "", 0).content = state.src[state.pos : state.pos + 1 + len(name)]
                state.push("mention_close", "span", -1)
            state.pos += 1 + len(name)
            return True
    return False


def _name_lessons(state: StateCore) -> None:
    """A bare link to a lesson of the room's course shows the lesson's title."""
    titles: Mapping[str, str] = state.env.get("lessons", {})
    for block in state.tokens:
        tokens: Sequence[Token] = block.children or ()
        for opening, words in pairwise(tokens):
            if opening.type != "link_open" or words.type != "text":
                continue
            href = str(opening.attrGet("href") or "")
            path = _own_path(href)
            if path in titles:
                opening.attrSet("class", "lesson-link")
                opening.attrSet("href", path + (f"#{fragment}" if (fragment := urlsplit(href).fragment) else ""))
                if words.content.startswith(("http://", "https://")):
                    words.content = titles[path]


def _own_path(href: str) -> str:
    parts = urlsplit(href)
    own = urlsplit(settings.BASE_URL)
    return parts.path if not parts.netloc or parts.netloc == own.netloc else ""


def _made() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    md.enable(["strikethrough", "linkify"])
    # no images: a reader's browser would load an address that the author has chosen
    md.disable(["image", "heading", "lheading", "hr", "reference", "html_block", "html_inline", "code"])
    md.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})  # type: ignore[union-attr]
    # `//host` leads to another site but looks like a path: only addresses with a scheme become links
    md.linkify.add("//", None)  # type: ignore[union-attr]
    md.inline.ruler.before("link", "mention", _mention)
    md.inline.ruler.enable(["mention"])
    md.core.ruler.push("name_lessons", _name_lessons)
    return md


_md = _made()


@lru_cache(maxsize=1024)
def _rendered(text: str, names: tuple[str, ...], lessons: tuple[tuple[str, str], ...]) -> str:
    html = _md.render(text, {"names": names, "lessons": dict(lessons)})
    # the second barrier of promise 17, should markdown-it let something through
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        allowed_classes={"a": {"lesson-link"}, "span": {"mention"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener noreferrer",
    ).strip()


def is_too_dense(text: str) -> bool:
    """Whether a text has more marks or addresses than a message needs; linear in its length."""
    if text.count("://") > MOST_LINKS or text.count("```") > MOST_FENCES:
        return True
    if len(text) <= MOST_MARKS:
        return False
    return sum(1 for _mark in _MARK.finditer(_FENCED.sub("", text))) > MOST_MARKS


def as_html(text: str, *, names: Sequence[str] = (), room: Room | None = None) -> str | None:
    """The message as HTML; None where it is plain words, which are shown as they are.

    `names` are the names of the people it mentions.
    """
    if not _MARKUP.search(text) or is_too_dense(text):
        return None
    lessons: tuple[tuple[str, str], ...] = ()
    if room is not None and "/courses/" in text:
        lessons = tuple((path, title) for path, title in lesson_titles(room).items() if path in text)
    ordered = tuple(sorted(names, key=len, reverse=True))
    return _rendered(text, ordered, lessons)


def lesson_titles(room: Room) -> dict[str, str]:
    """Titles by address of the lessons in the room's programme: what its students may know of. Kept on the room."""
    kept: dict[str, str] | None = room.__dict__.get("_lesson_titles")
    if kept is None:
        kept = room.__dict__["_lesson_titles"] = _lesson_titles(room)
    return kept


def _lesson_titles(room: Room) -> dict[str, str]:
    course = CoursePage.objects.filter(pk=room.group.course_id if room.group else room.course_id, live=True).first()
    if course is None:
        return {}
    # the group's own programme: titles of lessons that others read must not show (promise 1)
    programme = programme_for(course, plan_of(course, room.group_id))
    return {lesson.url: lesson.title for lesson in programme.lessons}


def excerpt(text: str) -> str:
    """The beginning of a message on one line."""
    line = _SPACE.sub(" ", text).strip()
    return line if len(line) <= QUOTED else line[: QUOTED - 1].rstrip() + "…"


def _possible_names(text: str) -> Iterator[list[str]]:
    """For each @ what may be the name after it: as many words as a name may have, and so on down to one."""
    for place in re.finditer(r"(?<!\w)@(?=\w)", text):
        words = text[place.end() : place.end() + MOST_NAME].split()[:MOST_NAME_WORDS]
        said = [" ".join(words[:count]) for count in range(len(words), 0, -1)]
        yield [name for whole in said for name in (whole, whole.rstrip(_AFTER_NAME)) if name]


def possible_names(text: str) -> set[str]:
    """Return all texts after an @ that may be names of mentioned people."""
    return {name for names in _possible_names(text) for name in names}


def mentioned(text: str, people: Mapping[str, int]) -> dict[str, int]:
    """Return which of these people, given by name, a message mentions; of two names the longer one."""
    found = {}
    for names in _possible_names(text):
        name = next((name for name in names if name in people), None)
        if name is not None:
            found[name] = people[name]
    return found

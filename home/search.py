"""Search of the school: in what this person may read, and in the titles that programmes show to everyone."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.models.functions import Length, Substr
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from wagtail.models import Page

from learning.courses.catalogue import clean_query
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import address_of
from learning.enrollment.access import Person, readable_parts
from learning.enrollment.models import Audience
from learning.enrollment.served import below_unpublished, served

SHOWN = 30
AROUND = 70  # characters of an excerpt before and after the word that was found


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    url: str
    kind: str  # course, lesson, or programme: a title of a programme whose page is not open to the person
    note: str
    excerpt: str = ""  # HTML


def search(user: Person, query: str) -> list[Hit]:
    """Courses by everything public about them, lessons by everything in them that this person may read, and lessons
    and modules that they may not read by the title that the programme shows."""
    query = clean_query(query)
    if not query:
        return []
    courses = list(CoursePage.objects.live().public().search(query)[:SHOWN])
    allowed = LessonPage.objects.live().filter(readable_parts(user))
    # as a subquery: the search accepts only filters by indexed fields; and before the limit, so that closed
    # lessons do not fill the list
    readable = list(LessonPage.objects.filter(pk__in=allowed.values("pk")).search(query)[:SHOWN])
    others = _in_programmes().public().exclude(below_unpublished()).exclude(pk__in=allowed.values("pk"))
    named = list(Page.objects.filter(pk__in=others.values("pk")).search(query, fields=["title"])[:SHOWN])
    # without the request, so a page behind one of Wagtail's passwords counts as closed
    shown = {page.pk for page in served([*readable, *named], user)}
    lessons = [page for page in readable if page.pk in shown]
    own = {page.pk for page in lessons}
    closed = [page for page in named if page.pk in shown - own]
    above = _courses_above([*lessons, *closed])
    hits = [Hit(page.title, address_of(page.url_path), "course", page.summary) for page in courses]
    for lesson in lessons:
        course = above.get(_course_path(lesson))
        # only for lessons that this person may read: the excerpt is text of the body (promise 1)
        block_id, excerpt = _place(lesson, query)
        address = address_of(lesson.url_path) + (f"#b-{block_id}" if block_id else "")
        hits.append(Hit(lesson.title, address, "lesson", course.title if course else "", excerpt))
    for page in closed:
        course = above.get(_course_path(page))
        if course:
            # the address of the course: the page itself would only answer with a refusal
            hits.append(Hit(page.title, f"{address_of(course.url_path)}#programme", "programme", course.title))
    return hits


def _in_programmes() -> Any:
    """Lessons and modules that programmes show to everyone: published, and not for certain groups only."""
    marked = Audience.objects.values("page_id")
    parent = Page.objects.filter(
        pk__in=marked, path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen)
    )
    pages = Page.objects.live().type(ModulePage, LessonPage)
    return pages.exclude(pk__in=marked).exclude(Exists(parent))


def _course_path(page: Any) -> str:
    return str(page.path[: -page.specific_class.levels_below_course * Page.steplen])


def _courses_above(pages: Iterable[Page]) -> dict[str, Page]:
    paths = {_course_path(page) for page in pages}
    return {page.path: page for page in Page.objects.filter(path__in=paths)}


def _place(lesson: LessonPage, query: str) -> tuple[str, SafeString]:
    """The first block of a lesson that has one of the words, and the text around the word, with the words marked."""
    # a single letter would match almost every block
    words = [re.escape(word) for word in query.split() if len(word) > 1]
    if not words:
        return "", SafeString("")
    wanted = re.compile("|".join(words), re.IGNORECASE)
    for block in lesson.body:
        text = " ".join(" ".join(block.block.get_searchable_content(block.value)).split())
        match = wanted.search(text)
        if match:
            return str(block.id), _excerpt(text, match, wanted)
    return "", SafeString("")


def _excerpt(text: str, match: re.Match[str], wanted: re.Pattern[str]) -> SafeString:
    start, end = max(0, match.start() - AROUND), min(len(text), match.end() + AROUND)
    shown = text[start:end]
    pieces: list[tuple[str, str]] = []
    last = 0
    for found in wanted.finditer(shown):
        pieces.append((shown[last : found.start()], found.group()))
        last = found.end()
    # each piece is escaped by itself, so that what authors typed stays text (promise 17)
    marked = format_html_join("", "{}<mark>{}</mark>", pieces)
    return format_html("{}{}{}{}", "…" if start else "", marked, shown[last:], "…" if end < len(text) else "")

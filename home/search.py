"""Searching the school: only what this person may read, in results and in counts."""

from dataclasses import dataclass

from wagtail.models import Page

from learning.courses.catalogue import clean_query
from learning.courses.models import CoursePage, LessonPage
from learning.courses.programme import address_of
from learning.enrollment.access import Person, readable_parts
from learning.enrollment.served import served

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    url: str
    kind: str  # course or lesson
    note: str


def search(user: Person, query: str) -> list[Hit]:
    """Courses by everything public about them, lessons by everything in them that this person may read."""
    query = clean_query(query)
    if not query:
        return []
    courses = list(CoursePage.objects.live().public().search(query)[:SHOWN])
    allowed = LessonPage.objects.live().public().filter(readable_parts(user))
    lessons = served(LessonPage.objects.filter(pk__in=allowed.values("pk")).search(query)[:SHOWN], user)
    titles = dict(
        Page.objects.filter(path__in={page.path[: -2 * Page.steplen] for page in lessons}).values_list("path", "title")
    )
    return [Hit(page.title, address_of(page.url_path), "course", page.summary) for page in courses] + [
        Hit(page.title, address_of(page.url_path), "lesson", titles.get(page.path[: -2 * Page.steplen], ""))
        for page in lessons
    ]

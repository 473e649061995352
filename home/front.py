"""What the home page shows: the course to continue, the beginning of a free lesson, courses and their teachers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.utils.text import Truncator
from django.utils.translation import get_language
from wagtail.models import Page

from learning.base.caching import cached_shared
from learning.courses.catalogue import card_queryset
from learning.courses.models import CatalogPage, CoursePage, LessonPage
from learning.courses.programme import address_of
from learning.enrollment.access import free_previews
from learning.enrollment.counting import Progress, progress_of
from learning.enrollment.models import Enrollment
from learning.enrollment.statuses import Status

COURSES_SHOWN = 6
TEACHERS_SHOWN = 6
PREVIEWS_LOOKED_AT = 24
LAST_LOOKED_AT = 5  # courses of a reader
WORDS = 55  # of the lesson that is shown


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a lesson that is open to everyone."""

    title: str
    url: str
    course: CoursePage
    minutes: int
    words: str


@dataclass(frozen=True, slots=True)
class CourseToContinue:
    """A course to continue, and the person's progress in it."""

    enrollment: Enrollment
    progress: Progress


def courses_for(catalog: CatalogPage, language: str) -> list[CoursePage]:
    """The first courses of the catalogue, those in the reader's language before the others."""
    theirs = Case(When(language=language, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(card_queryset(catalog).order_by(theirs, "path")[:COURSES_SHOWN])


def sample_of(courses: list[CoursePage]) -> Sample | None:
    """Return a free preview from the first of these courses that has one."""
    order = [course.path for course in courses]
    # only below the shown courses: previews of other courses must not use up the limit
    below = reduce(or_, (Q(path__startswith=path) for path in order))
    previews = LessonPage.objects.live().public().filter(below, pk__in=free_previews().values("pk"))
    # without the bodies: a whole lesson is read only when its first words are not cached
    facts = ("title", "path", "url_path", "minutes", "content_stamp")
    lessons = list(previews.only(*facts).order_by("path")[:PREVIEWS_LOOKED_AT])
    for lesson in sorted(lessons, key=lambda found: order.index(_path_of_course(found))):
        words = cached_shared(("sample", lesson.pk, lesson.content_stamp.timestamp()), partial(_beginning, lesson))
        if words:
            course = courses[order.index(_path_of_course(lesson))]
            return Sample(lesson.title, address_of(lesson.url_path), course, lesson.minutes, words)
    return None


def _path_of_course(lesson: LessonPage) -> str:
    return str(lesson.path[: -2 * Page.steplen])


def _beginning(lesson: LessonPage) -> str:
    """The first words of the texts of a lesson."""
    texts: list[str] = []
    for block in lesson.body:
        if block.block_type == "text":
            texts += " ".join(block.block.get_searchable_content(block.value)).split()
        if len(texts) >= WORDS:
            break
    return Truncator(" ".join(texts)).words(WORDS)


def teachers_of(courses: list[CoursePage]) -> list[Any]:
    """Return the active teachers of these courses, each once, with their courses in `courses_taught`."""
    found: dict[int, Any] = {}
    for course in courses:
        for member in course.team.all():
            if member.person.is_active:
                person = found.setdefault(member.person_id, member.person)
                person.courses_taught = [*getattr(person, "courses_taught", []), course]
    return list(found.values())[:TEACHERS_SHOWN]


def last_read_first(user: Any) -> QuerySet[Enrollment]:
    """A person's enrolments in published courses, what they read last before the others."""
    rows = Enrollment.objects.filter(user=user, course__live=True).select_related("course", "group")
    # in descending order PostgreSQL puts NULL first, SQLite last
    return rows.order_by(F("last_read_at").desc(nulls_last=True), "-changed_at", "-pk")


def first_to_continue(enrollments: Iterable[Enrollment], progress: Mapping[int, Progress]) -> CourseToContinue | None:
    """Return the first active course that has started and has an open lesson."""
    for enrollment in enrollments:
        own = progress[enrollment.course_id]
        if enrollment.status == Status.ACTIVE and enrollment.course.has_started and own.next_lesson:
            return CourseToContinue(enrollment, own)
    return None


def go_on(user: Any) -> CourseToContinue | None:
    """What a signed-in reader continues."""
    # several, because the course that was read last may have no open lesson now
    rows = list(last_read_first(user).filter(status=Status.ACTIVE)[:LAST_LOOKED_AT])
    return first_to_continue(rows, progress_of(user, [row.course for row in rows])) if rows else None


def front(user: Any, catalog: CatalogPage | None) -> dict[str, Any]:
    courses = courses_for(catalog, (get_language() or "")[:2]) if catalog else []
    return {
        "catalog": catalog,
        "courses": courses,
        "sample": sample_of(courses) if courses else None,
        "teachers": teachers_of(courses),
        "go_on": go_on(user) if user.is_authenticated else None,
    }

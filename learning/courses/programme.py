"""The programme of a course: its public outline, read in one query and cached until it changes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from zlib import crc32

from django.db.models import Q, TextField
from django.db.models.functions import Cast, Length
from django.urls import reverse
from wagtail.models import Page, Site

from learning.base.caching import cached_for, cached_shared
from learning.courses.pages import CoursePage

STEPLEN = Page.steplen


@dataclass(frozen=True, slots=True)
class ProgrammeLesson:
    id: int
    title: str
    url: str
    minutes: int
    free_preview: bool
    number: int  # 1, 2, 3 … through the whole course

    def numbered(self, number: int) -> "ProgrammeLesson":
        return replace(self, number=number)


@dataclass(frozen=True, slots=True)
class ProgrammeModule:
    id: int
    title: str
    url: str
    lessons: tuple[ProgrammeLesson, ...]
    introduces: bool = False  # whether its page has something to read

    @property
    def minutes(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons)


Step = ProgrammeLesson | ProgrammeModule


# without slots: cached_property keeps its values in __dict__
@dataclass(frozen=True)
class Programme:
    """Live modules and lessons in their order. Titles, minutes and addresses only; never a body."""

    modules: tuple[ProgrammeModule, ...]

    @cached_property
    def lessons(self) -> list[ProgrammeLesson]:
        return [lesson for module in self.modules for lesson in module.lessons]

    @cached_property
    def minutes(self) -> int:
        return sum(module.minutes for module in self.modules)

    @cached_property
    def steps(self) -> list[Step]:
        """The reading order: the introduction of each module that has one, then its lessons."""
        steps: list[Step] = []
        for module in self.modules:
            steps += [module] if module.introduces else []
            steps += module.lessons
        return steps

    def around(self, page_id: int) -> tuple[Step | None, Step | None]:
        """Return the steps before and after a page; for a module without introduction, those around its place."""
        steps = self.steps
        place = next((i for i, step in enumerate(steps) if step.id == page_id), None)
        if place is not None:
            return steps[place - 1] if place else None, steps[place + 1] if place + 1 < len(steps) else None
        module = next((module for module in self.modules if module.id == page_id), None)
        if module is None or not module.lessons:
            return None, None
        first = module.lessons[0]
        return self.around(first.id)[0], first

    def introduction_before(self, lesson_id: int) -> ProgrammeModule | None:
        """Return the module whose first lesson this is, if that module has an introduction."""
        found = (module for module in self.modules if module.lessons and module.lessons[0].id == lesson_id)
        return next((module for module in found if module.introduces), None)


def programme_key(course: CoursePage) -> tuple[str | int | float, ...]:
    # The number in the name is raised when the classes above change: cached values outlive a release.
    # The address is part of the key: moving or renaming the course changes every address below it.
    return ("programme2", course.pk, course.programme_stamp.timestamp(), crc32(course.url_path.encode()))


# Wagtail keeps them in the shared cache; without this, each address would be one more request to it
@cached_for(seconds=2)
def root_paths() -> tuple[str, ...]:
    """`url_path` of the home page of every site; a change is seen by all processes within two seconds."""
    return tuple(root.root_path for root in Site.get_site_root_paths())


def site_root_path(url_path: str) -> str:
    """`url_path` of the home page of the site that this page belongs to."""
    # Wagtail lists the most specific path first, so the first match is the right site
    return next((root for root in root_paths() if url_path.startswith(root)), "/")


def address_of(url_path: str) -> str:
    return reverse("wagtail_serve", args=(url_path[len(site_root_path(url_path)) :],))


def _read(courses: list[CoursePage]) -> dict[int, Programme]:
    """The programmes of these courses, in one query."""
    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path, depth__gt=course.depth)
    rows = list(
        Page.objects.live()
        .filter(below)
        .order_by("path")
        .values_list(
            *("id", "path", "title", "url_path", "lessonpage__minutes", "lessonpage__free_preview", "modulepage__pk"),
            # only the length: no text of a body may come into the public outline (promise 1);
            # a cast, because the column is JSON, and PostgreSQL has no length() of JSON
            Length(Cast("modulepage__introduction", TextField())),
        )
    )
    programmes = {}
    for course in courses:
        modules: dict[str, tuple[int, str, str]] = {}
        introduced: set[str] = set()
        lessons: dict[str, list[ProgrammeLesson]] = {}
        number = 0
        for pk, path, title, url_path, minutes, free, module_pk, length in rows:
            if not path.startswith(course.path):
                continue
            if module_pk is not None:
                modules[path] = (pk, title, address_of(url_path))
                lessons[path] = []
                # an empty stream is stored as []
                if (length or 0) > len("[]"):
                    introduced.add(path)
            # rows come in the order of the tree, so a module is known before its lessons; a lesson of an unpublished
            # module finds none and is left out (promise 1)
            elif minutes is not None and path[:-STEPLEN] in modules:
                number += 1
                lessons[path[:-STEPLEN]].append(
                    ProgrammeLesson(pk, title, address_of(url_path), minutes, bool(free), number)
                )
        programmes[course.pk] = Programme(
            tuple(ProgrammeModule(*facts, tuple(lessons[path]), path in introduced) for path, facts in modules.items())
        )
    return programmes


def programmes_of(courses: Iterable[CoursePage]) -> dict[int, Programme]:
    """Programmes by the id of their course: those cached from before, the rest with one query."""
    courses = list(courses)
    missing: dict[int, Programme] = {}

    def make(course: CoursePage) -> Programme:
        # the first one that is not cached reads them all
        if not missing:
            missing.update(_read(courses))
        return missing[course.pk]

    return {course.pk: cached_shared(programme_key(course), partial(make, course)) for course in courses}


def programme_of(course: CoursePage) -> Programme:
    return programmes_of([course])[course.pk]


def course_paths_above(path: str) -> list[str]:
    """Return the paths of all possible ancestors of a tree path, and the path itself."""
    # exact values for `path__in`, which use the index of the column; one for each level of the tree
    return [path[:end] for end in range(STEPLEN, len(path) + 1, STEPLEN)]

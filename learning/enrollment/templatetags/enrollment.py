"""Template tags that show the student's own state on pages."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from learning.base.caching import cached_in_process
from learning.courses.covers import choose_covers
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import (
    Programme,
    ProgrammeLesson,
    ProgrammeModule,
    Step,
    programme_key,
    programme_of,
    programmes_of,
)
from learning.courses.reading import headings_of
from learning.enrollment.access import Access, Refusal
from learning.enrollment.counting import Progress, done_lessons
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.plans import plans_of, programme_for
from learning.enrollment.standing import Standing
from learning.enrollment.viewing import viewing_of

register = template.Library()


def _person(request: HttpRequest | None) -> Any:
    return getattr(request, "user", None) or AnonymousUser()


@register.simple_tag(takes_context=True)
def standing(context: dict[str, Any], course: CoursePage) -> Standing:
    """The access, progress and next step of the person of this request in this course."""
    request = context.get("request")
    access = getattr(request, "access", None)
    kept_access = access if access and access.course.pk == course.pk else None
    return Standing(_person(request), course, kept_access, viewing_of(request, course.pk))


def _programme_items(programme: Programme) -> dict[int, dict[tuple[bool, bool], SafeString]]:
    """Each lesson's line of the programme by (open, done); rendered once for everyone in the same state."""
    facts = {"language": get_language()}
    states = [(is_open, done) for is_open in (False, True) for done in (False, True)]
    return {
        lesson.id: {
            (is_open, done): render_to_string(
                "components/programme_item.html", {**facts, "lesson": lesson, "open": is_open, "done": done}
            )
            for is_open, done in states
        }
        for lesson in programme.lessons
    }


@register.simple_tag
def programme_list(standing: Standing | None, course: CoursePage | None = None) -> SafeString:
    """The programme on a course's page: with links for those who may read, with what the person has
    done, and when closed modules open."""
    course = course or standing.course  # type: ignore[union-attr]
    programme = standing.programme if standing else programme_of(course)
    # NOT_OPEN is about one module: lessons of the others keep their links
    reads = standing is not None and (standing.access.granted or standing.access.refusal == Refusal.NOT_OPEN)
    progress = standing.progress if standing else None
    done = progress.done if progress else frozenset()
    closed = standing.access.closed_modules if standing and reads else {}
    hidden = standing.access.plan.hidden if standing else frozenset()
    key = (hidden, get_language(), *programme_key(course))
    items = cached_in_process(("programme-items", *key), lambda: _programme_items(programme))
    # not cached: the dates of openings are shown in the time zone of the reader
    if closed:
        pieces = _programme_pieces(course, programme, closed)
    else:  # the same for everyone who sees these lessons: only what is done differs
        pieces = cached_in_process(("programme-pieces", *key), lambda: _programme_pieces(course, programme, {}))
    module_of = {lesson.id: module.id for module in programme.modules for lesson in module.lessons} if closed else {}
    html = [pieces[0]]
    for mark, after in zip(pieces[1::2], pieces[2::2], strict=True):
        lesson_id = int(mark)
        is_open = reads and module_of.get(lesson_id) not in closed
        html += (items[lesson_id][is_open, lesson_id in done], after)
    return SafeString("".join(html))


# autoescaping leaves it as it is, and no title holds it by accident or on purpose: it is another one in each process
_MARK = f"\x01{secrets.token_hex(8)}:"
_LESSON_MARK = re.compile(rf"{_MARK}(\d+)\x01")


def _programme_pieces(course: CoursePage, programme: Programme, closed: Mapping[int, datetime]) -> list[str]:
    """The HTML of the programme without its lessons: at odd places is the id of the lesson to insert."""
    modules = [
        (module, closed.get(module.id), [f"{_MARK}{lesson.id}\x01" for lesson in module.lessons])
        for module in programme.modules
    ]
    facts = {"course": course, "programme": programme, "modules": modules, "language": get_language()}
    return _LESSON_MARK.split(render_to_string("components/programme.html", facts))


@dataclass(frozen=True, slots=True)
class Card:
    """What a course's card shows: the course, its programme, who teaches it, and one's own enrolment."""

    course: CoursePage
    programme: Programme
    teachers: list[Any]
    enrollment: Enrollment | None


@register.simple_tag(takes_context=True)
def course_cards(context: dict[str, Any], courses: Iterable[CoursePage]) -> list[Card]:
    """Cards of these courses of `card_queryset`, each with a cover, as the person sees their programmes.

    Two queries besides those of the courses, two more for what is not cached.
    """
    courses = list(courses)
    choose_covers(courses)
    programmes_of(courses)  # one query for all that are not cached
    person = _person(context.get("request"))
    own = {}
    if person.is_authenticated:
        # reading ones only: a request shows no content of the group that was asked for
        rows = Enrollment.objects.reading().filter(user=person, course_id__in=[course.pk for course in courses])
        own = {row.course_id: row for row in rows}
    groups = {course.pk: own[course.pk].group_id if course.pk in own else None for course in courses}
    plans = plans_of((course, groups[course.pk]) for course in courses)
    return [
        Card(
            course,
            programme_for(course, plans[course.pk, groups[course.pk]]),
            [member.person for member in course.team.all() if member.person.is_active],
            own.get(course.pk),
        )
        for course in courses
    ]


# (id of the lesson, its HTML by state): a state is (done, current)
_Item = tuple[int, dict[tuple[bool, bool], str]]
# (id of the module, its head, its head without a link, its items, its items while it is closed)
_Part = tuple[int, str, str, list[_Item], str]


def _outline_of(programme: Programme, linked: bool, reads: bool) -> list[_Part]:
    """The outline's items in all their states, each rendered once: what differs per person is only the choice.

    For people who may not read the course, only free previews are links.
    """

    def item(lesson: ProgrammeLesson) -> _Item:
        states = [(done, current) for done in (False, True) for current in (False, True)]
        facts = {"lesson": lesson, "closed": not reads and not lesson.free_preview, "reads": reads}
        return lesson.id, {
            (done, current): render_to_string(
                "components/outline_item.html", {**facts, "done": done, "current": current}
            ).strip()
            for done, current in states
        }

    def head(module: ProgrammeModule, linked: bool) -> str:
        return render_to_string("components/outline_module.html", {"module": module, "linked": linked}).strip()

    def closed(module: ProgrammeModule) -> str:
        facts = [{"lesson": lesson, "closed": not lesson.free_preview} for lesson in module.lessons]
        return "".join(render_to_string("components/outline_item.html", fact).strip() for fact in facts)

    return [
        (
            module.id,
            head(module, linked),
            head(module, False),
            [item(lesson) for lesson in module.lessons],
            closed(module),
        )
        for module in programme.modules
    ]


@dataclass
class Reader:
    """The frame of a lesson or module: outline, next step, progress."""

    page: LessonPage | ModulePage
    programme: Programme
    access: Access | None
    user: Any
    is_preview: bool = False

    @property
    def counts(self) -> bool:
        """Whether this reading is a student's, whose progress is kept."""
        return self.access is not None and self.access.as_student

    @cached_property
    def progress(self) -> Progress | None:
        if not self.counts:
            return None
        return Progress(self.programme, done_lessons(self.user, self.programme))

    @cached_property
    def done(self) -> frozenset[int]:
        return self.progress.done if self.progress else frozenset()

    @property
    def outline(self) -> SafeString:
        """The programme beside the lesson, as this person sees it."""
        linked = self.counts or (self.access is not None and self.access.teaches)
        hidden = self.access.plan.hidden if self.access else frozenset()
        reads = self._reads_all
        key = ("outline", linked, reads, hidden, get_language(), *programme_key(self.page.course))
        current = self.page.pk
        closed = self.access.closed_modules if self.access else {}
        html = []
        for module_id, head, closed_head, items, closed_items in cached_in_process(
            key, lambda: _outline_of(self.programme, linked, reads)
        ):
            opens_at = closed.get(module_id)
            if opens_at is None:
                html.append(head)
                html.append('<ol class="thread">')
                html.extend(states[pk in self.done, pk == current] for pk, states in items)
            else:
                html.append(closed_head)
                html.append(render_to_string("components/opens.html", {"when": opens_at}))
                html.append(f'<ol class="thread">{closed_items}')
            html.append("</ol>")
        return SafeString("".join(html))

    @property
    def is_done(self) -> bool:
        return self.page.pk in self.done

    @property
    def by_blocks(self) -> bool:
        return isinstance(self.page, LessonPage) and bool(self.page.required_blocks())

    @cached_property
    def _around(self) -> tuple[Step | None, Step | None]:
        return self.programme.around(self.page.pk)

    @property
    def _reads_all(self) -> bool:
        """Whether the person reads what is open of the course; others read free previews only."""
        return self.access is None or self.counts or self.access.teaches

    def _open(self, step: Step | None) -> Step | None:
        """The lesson or introduction, if it is open to the person."""
        free = isinstance(step, ProgrammeLesson) and step.free_preview
        if step is None or free or self.access is None:
            return step
        if not self._reads_all:
            return None
        module_id = self.access.plan.module_of.get(step.id)
        return None if module_id in self.access.closed_modules else step

    @property
    def previous(self) -> Step | None:
        return self._open(self._around[0])

    @property
    def next(self) -> Step | None:
        """What comes after this page."""
        return self._open(self._around[1])

    @property
    def headings(self) -> list[tuple[str, str]]:
        """The titles of sections in the page, with their anchors."""
        return headings_of(self.page, self.is_preview)

    @property
    def number(self) -> int | None:
        return next((lesson.number for lesson in self.programme.lessons if lesson.id == self.page.pk), None)


@register.simple_tag(takes_context=True)
def reader(context: dict[str, Any], page: LessonPage | ModulePage) -> Reader:
    request = context.get("request")
    is_preview = bool(getattr(request, "is_preview", False))
    access = None if is_preview else getattr(request, "access", None)
    programme = programme_for(page.course, access.plan) if access else programme_of(page.course)
    return Reader(page, programme, access, _person(request), is_preview)


@register.inclusion_tag("enrollment/viewing_banner.html", takes_context=True)
def viewing_banner(context: dict[str, Any], access: Access | None) -> dict[str, Any]:
    """Tell staff that they view the course as a student, with a button that ends it."""
    viewing = access.viewing if access else None
    # the session may name a group that has been deleted since
    group = StudyGroup.objects.filter(pk=viewing.group_id).first() if viewing and viewing.group_id else None
    return {
        "viewing": viewing,
        "group": group,
        "request": context.get("request"),
        "csrf_token": context.get("csrf_token"),
    }

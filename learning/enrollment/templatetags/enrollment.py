"""What pages, which know nothing of students, show of the student before them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from learning.courses.keeping import kept_near
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import Programme, ProgrammeLesson, programme_key, programme_of
from learning.enrollment.access import Access
from learning.enrollment.progress import Progress, done_lessons
from learning.enrollment.standing import Standing

register = template.Library()


def _person(request: HttpRequest | None) -> Any:
    return getattr(request, "user", None) or AnonymousUser()


@register.simple_tag(takes_context=True)
def standing(context: dict[str, Any], course: CoursePage) -> Standing:
    """How the person of this request stands to the course."""
    request = context.get("request")
    access = getattr(request, "access", None)
    return Standing(_person(request), course, access if access and access.course.pk == course.pk else None)


def _programme_items(course: CoursePage, programme: Programme, is_open: bool) -> dict[int, dict[bool, SafeString]]:
    """Each lesson's line of the programme, not done and done; rendered once for everyone who stands alike."""
    facts = {"open": is_open, "language": get_language()}
    return {
        lesson.id: {
            done: render_to_string("components/programme_item.html", {**facts, "lesson": lesson, "done": done})
            for done in (False, True)
        }
        for lesson in programme.lessons
    }


@register.simple_tag
def programme_list(standing: Standing | None, course: CoursePage | None = None) -> SafeString:
    """The programme on a course's page: with links for those who may read, with what one has done."""
    course = course or standing.course  # type: ignore[union-attr]
    programme = programme_of(course)
    is_open = standing is not None and standing.access.granted
    progress = standing.progress if standing else None
    done = progress.done if progress else frozenset()
    key = ("programme-items", is_open, get_language(), *programme_key(course))
    items = kept_near(key, lambda: _programme_items(course, programme, is_open))

    def render() -> SafeString:
        modules = [(m, [items[lesson.id][lesson.id in done] for lesson in m.lessons]) for m in programme.modules]
        facts = {"course": course, "programme": programme, "modules": modules, "language": get_language()}
        return render_to_string("components/programme.html", facts)

    # nothing done is what most see: the whole of it is kept
    return render() if done else kept_near(("programme-list", *key), render)


# (id of the lesson, its HTML by state): a state is (done, current)
_Item = tuple[int, dict[tuple[bool, bool], str]]


def _outline_of(programme: Programme, linked: bool) -> list[tuple[str, list[_Item]]]:
    """The outline's items in all their states, each rendered once: what differs per person is only the choice."""

    def item(lesson: ProgrammeLesson) -> _Item:
        states = [(done, current) for done in (False, True) for current in (False, True)]
        facts = {"lesson": lesson}
        return lesson.id, {
            (done, current): render_to_string(
                "components/outline_item.html", {**facts, "done": done, "current": current}
            ).strip()
            for done, current in states
        }

    return [
        (
            render_to_string("components/outline_module.html", {"module": module, "linked": linked}).strip(),
            [item(lesson) for lesson in module.lessons],
        )
        for module in programme.modules
    ]


@dataclass
class Reader:
    """What surrounds a lesson or module while it is read."""

    page: LessonPage | ModulePage
    programme: Programme
    access: Access | None
    user: Any

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
        key = ("outline", linked, get_language(), *programme_key(self.page.course))
        current = self.page.pk
        html = []
        for head, items in kept_near(key, lambda: _outline_of(self.programme, linked)):
            html.append(head)
            html.append('<ol class="thread">')
            html.extend(states[pk in self.done, pk == current] for pk, states in items)
            html.append("</ol>")
        return SafeString("".join(html))

    @property
    def is_done(self) -> bool:
        return self.page.pk in self.done

    @property
    def by_blocks(self) -> bool:
        return isinstance(self.page, LessonPage) and bool(self.page.required_blocks())

    @cached_property
    def _around(self) -> tuple[ProgrammeLesson | None, ProgrammeLesson | None]:
        if isinstance(self.page, LessonPage):
            return self.programme.around(self.page.pk)
        own = next((m for m in self.programme.modules if m.id == self.page.pk), None)
        return None, own.lessons[0] if own and own.lessons else None

    @property
    def previous(self) -> ProgrammeLesson | None:
        return self._around[0]

    @property
    def next(self) -> ProgrammeLesson | None:
        return self._around[1]

    @property
    def number(self) -> int | None:
        return next((lesson.number for lesson in self.programme.lessons if lesson.id == self.page.pk), None)


@register.simple_tag(takes_context=True)
def reader(context: dict[str, Any], page: LessonPage | ModulePage) -> Reader:
    request = context.get("request")
    access = None if getattr(request, "is_preview", False) else getattr(request, "access", None)
    return Reader(page, programme_of(page.course), access, _person(request))

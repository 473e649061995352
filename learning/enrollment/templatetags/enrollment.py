"""What pages, which know nothing of students, show of the student before them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import Programme, ProgrammeLesson, programme_of
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

"""Bulk actions: change of status, a substitute, another teacher."""

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.base.bulk import ManagedBulkAction
from learning.tutoring.access import MANAGE, TEACH
from learning.tutoring.admin.filters import LessonFilter, ProjectFilter
from learning.tutoring.admin.screens import LESSON_SEARCH, ProjectIndexView, searched
from learning.tutoring.deeds import TUTORING
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import By, Lesson, Project, Status
from learning.tutoring.projects.actions import give_project
from learning.tutoring.schedule.changing import cancel_lesson, give_to_substitute


def private_teachers() -> QuerySet[User]:
    """Everyone whose role gives private lessons."""
    codename = TEACH.partition(".")[2]
    rows = User.objects.filter(groups__permissions__codename=codename, is_active=True)
    return rows.distinct().order_by("display_name", "pk")


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)


class TeacherForm(forms.Form):
    teacher = forms.ModelChoiceField(User.objects.none(), label=_("Teacher"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["teacher"]
        field.queryset = private_teachers()
        field.label_from_instance = lambda person: person.get_full_name()


def each(request: HttpRequest, rows: list[Any], action: Callable[[Any], Any]) -> int:
    """Do it for each row; say why where it cannot be done. Returns how many were changed."""
    changed, refused = 0, dict[str, int]()
    for row in rows:
        try:
            action(row)
        except TutoringError as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
        else:
            changed += 1
    for sentence, count in refused.items():
        messages.error(request, f"{count} × {sentence}")
    return changed


class LessonBulkAction(ManagedBulkAction):
    models: ClassVar = [Lesson]
    icon_name = "date"
    form_class: Any = ReasonForm

    def managed(self) -> QuerySet[Lesson]:
        # Wagtail checks no permission for a bulk action
        rows = Lesson.objects.all() if self.request.user.has_perm(MANAGE) else Lesson.objects.none()
        return rows.select_related("project", "teacher")

    def listed(self, asked: QueryDict) -> QuerySet[Lesson]:
        filters = LessonFilter(asked, queryset=self.managed(), request=self.request)
        rows = filters.qs if filters.is_valid() else Lesson.objects.none()
        return searched(rows, asked.get("q", ""), LESSON_SEARCH).distinct()

    def named(self, row: Lesson) -> str:
        return f"{date_format(localtime(row.starts_at), 'SHORT_DATETIME_FORMAT')} · {row.project.label}"

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Lessons changed: %(n)s.") % {"n": num_parent_objects}


class StatusAction(LessonBulkAction):
    after: ClassVar[str] = ""

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Lesson], actor: Any = None, request: Any = None, reason: str = "", **kwargs: Any
    ) -> tuple[int, int]:
        changed = each(request, objects, lambda row: cls.change(row, actor, reason))
        if changed:
            record(TUTORING, actor=actor, facts={"did": cls.after, "count": changed})
        return changed, 0

    @classmethod
    def change(cls, row: Lesson, actor: Any, reason: str) -> None:
        mark(lesson=row, status=cls.after, actor=actor, reason=reason)


class MarkHeld(StatusAction):
    display_name = _("Mark as held")
    action_type = "held"
    aria_label = _("Mark the chosen lessons as held")
    action_priority = 10
    after = Status.HELD


class MarkMissed(StatusAction):
    display_name = _("Mark as missed")
    action_type = "missed"
    aria_label = _("Mark the chosen lessons as missed")
    action_priority = 20
    after = Status.MISSED


class CancelLessons(StatusAction):
    display_name = _("Cancel the lessons")
    action_type = "cancel"
    aria_label = _("Cancel the chosen lessons")
    action_priority = 30
    after = Status.CANCELLED
    classes: ClassVar = {"serious"}

    @classmethod
    def change(cls, row: Lesson, actor: Any, reason: str) -> None:
        cancel_lesson(lesson=row, by=By.TEACHER, actor=actor, reason=reason)


class GiveLessons(LessonBulkAction):
    display_name = _("Give to a substitute")
    action_type = "substitute"
    aria_label = _("Have another teacher give the chosen lessons")
    action_priority = 40
    form_class = TeacherForm

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Lesson], actor: Any = None, request: Any = None, teacher: Any = None, **kwargs: Any
    ) -> tuple[int, int]:
        changed = each(request, objects, lambda row: give_to_substitute(lesson=row, teacher=teacher, actor=actor))
        if changed:
            record(TUTORING, actor=actor, person=teacher, facts={"did": "gave_lesson", "count": changed})
        return changed, 0


class GiveProjects(ManagedBulkAction):
    models: ClassVar = [Project]
    icon_name = "group"
    display_name = _("Give to another teacher")
    action_type = "give"
    aria_label = _("Give the chosen projects to another teacher")
    action_priority = 10
    form_class = TeacherForm

    def managed(self) -> QuerySet[Project]:
        rows = Project.objects.all() if self.request.user.has_perm(MANAGE) else Project.objects.none()
        return rows.select_related("teacher")

    def listed(self, asked: QueryDict) -> QuerySet[Project]:
        filters = ProjectFilter(asked, queryset=self.managed(), request=self.request)
        rows = filters.qs if filters.is_valid() else Project.objects.none()
        return searched(rows, asked.get("q", ""), ProjectIndexView.searched_in)

    def named(self, row: Project) -> str:
        return f"{row.label} · {row.teacher.get_full_name()}"

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Project], actor: Any = None, request: Any = None, teacher: Any = None, **kwargs: Any
    ) -> tuple[int, int]:
        changed = each(request, objects, lambda row: give_project(project=row, teacher=teacher, actor=actor))
        if changed:
            record(TUTORING, actor=actor, person=teacher, facts={"did": "gave_project"})
        return changed, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Projects given: %(n)s.") % {"n": num_parent_objects}


ACTIONS = (MarkHeld, MarkMissed, CancelLessons, GiveLessons, GiveProjects)

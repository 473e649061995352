"""The audit log in the CMS: to be read."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.filters import DateRangePickerWidget, WagtailFilterSet
from wagtail.admin.ui.tables import Column, DateColumn
from wagtail.admin.views.generic import IndexView
from wagtail.admin.viewsets.model import ModelViewSet

from learning.accounts.models import AuditEntry
from learning.accounts.roles import RIGHTS, Role, role_label
from learning.courses.models import CoursePage
from learning.enrollment.models import CourseRight
from learning.enrollment.spreadsheets import as_file
from learning.enrollment.statuses import Status


def _status(value: Any) -> str:
    return str(Status(value).label) if value in Status.values else "–"


def in_words(entry: AuditEntry) -> str:
    """The details of an entry as a sentence."""
    facts = entry.facts
    if entry.deed == AuditEntry.Deed.STATUS:
        return f"{_status(facts.get('before'))} → {_status(facts.get('after'))}"
    parts = []
    for key, said in (("given", _("given")), ("taken", _("taken"))):
        if facts.get(key):
            parts.append(f"{said}: {', '.join(_right(code) for code in facts[key])}")
    for key in ("role", "name", "did", "before", "after", "group", "groups", "modules", "days", "page", "fields"):
        if facts.get(key) not in (None, "", []):
            value = facts[key]
            parts.append(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    known = {"given", "taken", "role", "name", "did", "before", "after", "group", "groups", "modules", "days", "page"}
    parts += [f"{key}: {value}" for key, value in facts.items() if key not in known | {"fields"}]
    return "; ".join(parts)


def _right(code: str) -> str:
    """A right or a role in words."""
    if code in Role.values:
        return role_label(code)
    if code in RIGHTS:
        return str(RIGHTS[code].label)
    return str(CourseRight.Right(code).label) if code in CourseRight.Right.values else code


class AuditFilter(WagtailFilterSet):
    deed = django_filters.ChoiceFilter(label=gettext_lazy("What"), choices=AuditEntry.Deed.choices)
    at = django_filters.DateFromToRangeFilter(label=gettext_lazy("When"), widget=DateRangePickerWidget)
    actor__email = django_filters.CharFilter(label=gettext_lazy("E-mail of who did it"), lookup_expr="iexact")
    person__email = django_filters.CharFilter(label=gettext_lazy("E-mail of whom"), lookup_expr="iexact")

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()


class AuditIndexView(IndexView):
    filterset_class = AuditFilter
    paginate_by = 50
    page_kwarg = "p"
    default_ordering = "-pk"
    any_permission_required: ClassVar = ["view"]
    list_export: ClassVar = ["pk"]

    @cached_property
    def columns(self) -> list[Column]:
        return [
            DateColumn("at", label=gettext_lazy("When"), sort_key="at"),
            Column("deed", label=gettext_lazy("What"), accessor="get_deed_display"),
            Column("actor", label=gettext_lazy("Who"), accessor=lambda entry: entry.actor or _("the system")),
            Column("person", label=gettext_lazy("Whom"), accessor=lambda entry: entry.person or "–"),
            Column(
                "course", label=gettext_lazy("Course"), accessor=lambda entry: self._titles.get(entry.course_id, "–")
            ),
            Column("facts", label=gettext_lazy("Details"), accessor=in_words),
        ]

    @cached_property
    def _titles(self) -> dict[int, str]:
        shown = {entry.course_id for entry in self.object_list[: self.paginate_by * 4]} if not self.is_export else set()
        courses = CoursePage.objects.all() if self.is_export else CoursePage.objects.filter(pk__in=shown)
        return dict(courses.values_list("pk", "title"))

    def get_base_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.select_related("actor", "person")

    def get_list_buttons(self, instance: AuditEntry) -> list[Any]:
        return []

    def as_spreadsheet(self, queryset: QuerySet[AuditEntry], spreadsheet_format: str) -> Any:
        columns = self.columns
        rows = (
            [entry.at, entry.get_deed_display(), *(str(column.get_value(entry)) for column in columns[2:])]
            for entry in queryset.iterator(chunk_size=1000)
        )
        return as_file(_("audit log"), spreadsheet_format, [str(column.label) for column in columns], rows)


class AuditViewSet(ModelViewSet):
    model = AuditEntry
    icon = "history"
    menu_label = gettext_lazy("Audit log")
    url_prefix = "audit"
    url_namespace = "audit"
    index_view_class = AuditIndexView
    filterset_class = AuditFilter
    form_fields: ClassVar = ["deed"]  # Wagtail asks for some; there is no form
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = False

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        names = ("edit_url_name", "delete_url_name", "add_url_name")
        return {**super().get_index_view_kwargs(**kwargs), **dict.fromkeys(names)}

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
        ]


audit = AuditViewSet("audit")

"""The audit log in the CMS, read-only."""

from collections.abc import Iterator
from itertools import islice
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

from learning.accounts.audit import deed_choices
from learning.accounts.models import AuditEntry
from learning.base.screens import ListTextsMixin
from learning.base.sheets import as_file
from learning.teaching.admin.audit_words import EntryNames, in_words

PER_PAGE = 50
PART = 1000  # rows of a file whose names are looked up together


class AuditFilter(WagtailFilterSet):
    deed = django_filters.ChoiceFilter(label=gettext_lazy("What"), choices=deed_choices)
    at = django_filters.DateFromToRangeFilter(label=gettext_lazy("When"), widget=DateRangePickerWidget)
    actor__email = django_filters.CharFilter(label=gettext_lazy("E-mail of who did it"), lookup_expr="iexact")
    person__email = django_filters.CharFilter(label=gettext_lazy("E-mail of whom"), lookup_expr="iexact")

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()


class AuditIndexView(ListTextsMixin, IndexView):
    filterset_class = AuditFilter
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
            Column("course", label=gettext_lazy("Course"), accessor=lambda entry: self._names.course(entry.course_id)),
            Column("facts", label=gettext_lazy("Details"), accessor=lambda entry: in_words(entry, self._names)),
        ]

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        self._names = EntryNames(context["object_list"])  # the columns ask it when the table is drawn
        return context

    def get_base_queryset(self) -> QuerySet[AuditEntry]:
        return AuditEntry.objects.select_related("actor", "person")

    def get_list_buttons(self, instance: AuditEntry) -> list[Any]:
        return []

    def as_spreadsheet(self, queryset: QuerySet[AuditEntry], spreadsheet_format: str) -> Any:
        columns = self.columns

        def rows() -> Iterator[list[Any]]:
            entries = queryset.iterator(chunk_size=PART)
            while part := list(islice(entries, PART)):
                # names are looked up for one part at a time, so that memory does not grow with the log
                self._names = EntryNames(part)
                for entry in part:
                    words = (str(column.get_value(entry)) for column in columns[2:])
                    yield [entry.at, entry.get_deed_display(), *words]

        return as_file(_("audit log"), spreadsheet_format, [str(column.label) for column in columns], rows())


class AuditViewSet(ModelViewSet):
    list_per_page = PER_PAGE
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

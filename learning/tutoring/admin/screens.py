"""Lists of projects, lessons, ledger, policies and kinds."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.forms import modelform_factory
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, TitleColumn
from wagtail.admin.viewsets.model import ModelViewSet

from learning.accounts.models import User
from learning.accounts.rights import may_teach
from learning.base.lists import ManagedIndexView
from learning.base.sheets import as_file
from learning.tutoring.admin.filters import LessonFilter, LineFilter, ProjectFilter
from learning.tutoring.currencies import money_text, to_decimal
from learning.tutoring.models import LedgerLine, Lesson, LessonKind, Policy, PolicyVersion, Project
from learning.tutoring.money.policies import add_version
from learning.tutoring.money.statement import words_of

EXPORTED = 100_000  # rows of one file


def _names(lesson: Lesson) -> str:
    return ", ".join(one.student.get_full_name() for one in lesson.attendances.all())


class SearchedIndexView(ManagedIndexView):
    """A list that is searched in these columns."""

    searched_in: ClassVar[tuple[str, ...]] = ()

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return searched(queryset, self.search_query, self.searched_in) if self.is_searching else queryset


def searched(rows: QuerySet[Any], words: str, columns: tuple[str, ...]) -> QuerySet[Any]:
    for word in words.replace("\x00", "").split()[:6]:
        found = Q()
        for column in columns:
            found |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(found)
    return rows


class ReadOnlyViewSet(ModelViewSet):
    """A list alone; rows are changed by bulk actions and by the pages of teachers."""

    list_per_page = 50
    index_template_name = "teaching/cms/list.html"
    index_results_template_name = "teaching/cms/list_results.html"
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = False

    def get_form_class(self, for_update: bool = False) -> Any:
        return modelform_factory(self.model, fields=())

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        # without these names Wagtail shows no links to views that do not exist here
        gone = {"add_url_name": None, "edit_url_name": None, "delete_url_name": None}
        return {**super().get_index_view_kwargs(**kwargs), **gone}

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
        ]


class ProjectIndexView(SearchedIndexView):
    filterset_class = ProjectFilter
    searched_in = ("label", "teacher__display_name", "teacher__email")

    @cached_property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="project"),
            title("label", label=_("Project"), sort_key="taught", get_url=lambda row: row.get_absolute_url()),
            Column("teacher", label=_("Teacher"), accessor=lambda row: row.teacher.get_full_name()),
            Column("state", label=_("State"), accessor="get_state_display", sort_key="state"),
            Column("starts_on", label=_("Starts on"), sort_key="starts_on"),
            Column("ends_on", label=_("Ends on"), accessor=lambda row: row.ends_on or "–", sort_key="ends_on"),
            Column("price", label=_("Price"), accessor=lambda row: money_text(row.price, row.currency)),
        ]

    def get_base_queryset(self) -> QuerySet[Project]:
        return Project.objects.select_related("teacher")


class ProjectViewSet(ReadOnlyViewSet):
    model = Project
    icon = "group"
    menu_label = _("Private lessons: projects")
    url_prefix = "tutoring/project"
    url_namespace = "tutoring_projects_cms"
    index_view_class = ProjectIndexView
    filterset_class = ProjectFilter


LESSON_SEARCH = ("project__label", "theme", "teacher__display_name", "attendances__student__display_name")


def _start_of(row: Lesson) -> str:
    return date_format(localtime(row.starts_at), "SHORT_DATETIME_FORMAT")


class LessonIndexView(SearchedIndexView):
    filterset_class = LessonFilter
    default_ordering = "-starts_at"
    list_export: ClassVar = ["pk"]  # shows the buttons; `as_spreadsheet` writes the file
    searched_in = LESSON_SEARCH

    @cached_property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="lesson"),
            title(
                "project",
                label=_("Project"),
                accessor=lambda row: row.project.label,
                get_url=lambda row: row.get_absolute_url(),
            ),
            Column("teacher", label=_("Teacher"), accessor=lambda row: row.teacher.get_full_name()),
            Column("students", label=_("Students"), accessor=_names),
            # not a `DateColumn`: that says how long ago, and these are to come
            Column("starts_at", label=_("Starts"), accessor=_start_of, sort_key="starts_at"),
            Column("minutes", label=_("Minutes"), accessor="minutes"),
            Column("status", label=_("Status"), accessor="get_status_display", sort_key="status"),
        ]

    def get_base_queryset(self) -> QuerySet[Lesson]:
        rows = Lesson.objects.select_related("project", "teacher")
        return rows.prefetch_related("attendances__student")

    def search_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        # a lesson of a group would stand once for each student
        return super().search_queryset(queryset).distinct() if self.is_searching else queryset

    def as_spreadsheet(self, queryset: QuerySet[Lesson], spreadsheet_format: str) -> HttpResponseBase:
        headings = [_("Project"), _("Teacher"), _("Students"), _("Starts"), _("Minutes"), _("Status")]
        headings += [_("Price"), _("Currency")]
        rows = (
            [
                row.project.label,
                row.teacher.get_full_name(),
                _names(row),
                row.starts_at,
                row.minutes,
                row.get_status_display(),
                to_decimal(row.price, row.currency),
                row.currency,
            ]
            for row in queryset[:EXPORTED]
        )
        return as_file(pgettext("taught", "lessons"), spreadsheet_format, [str(one) for one in headings], rows)


class LessonViewSet(ReadOnlyViewSet):
    model = Lesson
    icon = "date"
    menu_label = _("Private lessons")
    url_prefix = "tutoring/lesson"
    url_namespace = "tutoring_lessons_cms"
    index_view_class = LessonIndexView
    filterset_class = LessonFilter


class LineIndexView(SearchedIndexView):
    filterset_class = LineFilter
    list_export: ClassVar = ["pk"]
    searched_in = ("note", "account__payer__display_name", "account__teacher__display_name")

    @cached_property
    def columns(self) -> list[Column]:
        return [
            Column("day", label=_("Date"), sort_key="day"),
            Column("teacher", label=_("Teacher"), accessor=lambda row: row.account.teacher.get_full_name()),
            Column("payer", label=_("Payer"), accessor=lambda row: row.account.payer.get_full_name()),
            Column("words", label=pgettext_lazy("money", "What"), accessor=lambda row: words_of(row, row.account)),
            Column("amount", label=_("Amount"), accessor=lambda row: money_text(row.amount, row.currency)),
        ]

    def get_base_queryset(self) -> QuerySet[LedgerLine]:
        return LedgerLine.objects.select_related(
            "account__teacher", "account__payer", "lesson__project", "package", "student"
        )

    def as_spreadsheet(self, queryset: QuerySet[LedgerLine], spreadsheet_format: str) -> HttpResponseBase:
        headings = [_("Date"), _("Teacher"), _("Payer"), pgettext("money", "What"), _("Amount"), _("Currency")]
        rows = (
            [
                row.day.isoformat(),
                row.account.teacher.get_full_name(),
                row.account.payer.get_full_name(),
                words_of(row, row.account),
                to_decimal(row.amount, row.currency),
                row.currency,
            ]
            for row in queryset[:EXPORTED]
        )
        return as_file(gettext("ledger"), spreadsheet_format, [str(one) for one in headings], rows)


class LineViewSet(ReadOnlyViewSet):
    model = LedgerLine
    icon = "list-ul"
    menu_label = _("Ledger")
    url_prefix = "tutoring/ledger"
    url_namespace = "tutoring_ledger_cms"
    index_view_class = LineIndexView
    filterset_class = LineFilter


VERSION_FIELDS = ("free_hours", "late_percent", "missed_percent", "free_late", "free_late_in", "teacher_percent")


class PolicyForm(WagtailAdminModelForm):
    """A policy with its newest version; saving adds a version, and lessons planned before keep theirs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.instance.current if self.instance.pk else PolicyVersion()
        version_form = modelform_factory(PolicyVersion, fields=VERSION_FIELDS)(instance=version)
        for name in VERSION_FIELDS:
            self.fields[name] = version_form.fields[name]
            self.initial.setdefault(name, getattr(version, name))
        owner: Any = self.fields["owner"]
        owner.queryset = User.objects.filter(may_teach(), is_active=True).distinct().order_by("display_name")

    def save(self, commit: bool = True) -> Policy:
        policy: Policy = super().save(commit=commit)
        last = policy.versions.order_by("-number").first()
        facts = {name: self.cleaned_data[name] for name in VERSION_FIELDS}
        if last is None or any(getattr(last, name) != value for name, value in facts.items()):
            add_version(policy, PolicyVersion(**facts))
        return policy


class NamedIndexView(ManagedIndexView):
    list_display: ClassVar = ["__str__", Column("owner", label=_("Teacher"), accessor=lambda row: row.owner or "–")]
    is_searchable = False

    def get_base_queryset(self) -> QuerySet[Any]:
        return self.model.objects.select_related("owner")


class PolicyViewSet(ModelViewSet):
    model = Policy
    icon = "clipboard-list"
    menu_label = _("Cancellation policies")
    url_prefix = "tutoring/policy"
    url_namespace = "tutoring_policies_cms"
    index_view_class = NamedIndexView
    index_results_template_name = "teaching/cms/list_results.html"
    copy_view_enabled = False
    add_to_reference_index = False

    def get_form_class(self, for_update: bool = False) -> Any:
        return modelform_factory(Policy, form=PolicyForm, fields=("name", "owner"))

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_index_view_kwargs(**kwargs), "delete_url_name": None}

    def get_edit_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_edit_view_kwargs(**kwargs), "delete_url_name": None}

    def get_urlpatterns(self) -> list[Any]:
        # none is deleted: lessons keep the version that they were planned under
        return [pattern for pattern in super().get_urlpatterns() if pattern.name != "delete"]


class KindForm(WagtailAdminModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields["owner"]
        owner.queryset = User.objects.filter(may_teach(), is_active=True).distinct().order_by("display_name")


class KindViewSet(ModelViewSet):
    model = LessonKind
    icon = "tag"
    menu_label = _("Kinds of lessons")
    url_prefix = "tutoring/kind"
    url_namespace = "tutoring_kinds_cms"
    index_view_class = NamedIndexView
    index_results_template_name = "teaching/cms/list_results.html"
    copy_view_enabled = False
    add_to_reference_index = False

    def get_form_class(self, for_update: bool = False) -> Any:
        return modelform_factory(LessonKind, form=KindForm, fields=("name", "owner"))


projects = ProjectViewSet("tutoring_projects_cms")
lessons = LessonViewSet("tutoring_lessons_cms")
ledger = LineViewSet("tutoring_ledger_cms")
policies = PolicyViewSet("tutoring_policies_cms")
kinds = KindViewSet("tutoring_kinds_cms")
VIEWSETS = (projects, lessons, ledger, policies, kinds)

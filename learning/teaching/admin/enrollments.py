"""Enrolments in the CMS: a long list with filters, export and bulk changes, so a viewset and not a modeladmin."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin import messages as wagtail_messages
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import CreateView

from learning.base.bulk import NAMED, ManagedBulkAction
from learning.base.lists import AddOnlyViewSet, ManagedIndexView
from learning.base.screens import header
from learning.base.sheets import as_file
from learning.enrollment import actions
from learning.enrollment import groups as group_actions
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.rights import managed_courses, manages_course, manages_everything
from learning.enrollment.statuses import EFFECTS, Status
from learning.enrollment.undo import remember, remembered, undo, undoable
from learning.teaching.admin.forms import EnrollmentCreateForm, StatusForm
from learning.teaching.filters import EnrollmentFilter, searched
from learning.teaching.students import export_rows, headings


def managed_enrollments(user: Any) -> QuerySet[Enrollment]:
    """Return the enrolments that a person may see and change, in courses that still exist."""
    rows = Enrollment.objects.of_existing_courses()
    return rows if manages_everything(user) else rows.filter(course_id__in=managed_courses(user).values("pk"))


class EnrollmentIndexView(ManagedIndexView):
    filterset_class = EnrollmentFilter
    list_export: ClassVar = ["pk"]  # shows the buttons; `as_spreadsheet` writes the file

    @cached_property
    def columns(self) -> list[Column]:
        student = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="enrollment"),
            student(
                "student",
                label=_("Student"),
                accessor=lambda row: row.user.get_full_name(),
                sort_key="user__display_name",
                get_url=lambda row: reverse("enrollment_status", args=(row.pk,)),
            ),
            Column("email", label=_("E-mail"), accessor=lambda row: "" if row.user.anonymised_at else row.user.email),
            Column("course", label=_("Course"), accessor=lambda row: row.course.title),
            Column("group", label=_("Study group"), accessor=lambda row: row.group.name if row.group else "–"),
            Column("status", label=_("Status"), accessor="get_status_display", sort_key="status"),
            Column("percent", label=_("Progress"), accessor=lambda row: f"{row.percent} %", sort_key="percent"),
            DateColumn("last_read_at", label=_("Last seen"), sort_key="last_read_at"),
            DateColumn("changed_at", label=_("Changed"), sort_key="changed_at"),
        ]

    def get_base_queryset(self) -> QuerySet[Enrollment]:
        return managed_enrollments(self.request.user).select_related("user", "course", "group")

    def search_queryset(self, queryset: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
        return searched(queryset, self.search_query) if self.is_searching else queryset

    def as_spreadsheet(self, queryset: QuerySet[Enrollment], spreadsheet_format: str) -> HttpResponseBase:
        return as_file(gettext("enrolments"), spreadsheet_format, headings(), export_rows(queryset))


class EnrollmentCreateView(CreateView):
    def form_valid(self, form: EnrollmentCreateForm) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        # seats are counted by the action alone, under the lock (promise 29): its refusal becomes an error of the form
        except actions.EnrollmentError as error:
            form.add_error(None, str(error))
            self.produced_error_code = error.code
            self.produced_error_message = self.get_error_message()
            response = self.form_invalid(form)
        return response

    def save_instance(self) -> Enrollment:
        instance: Enrollment = (
            self.form.save()
        )  # no entry in Wagtail's log: ours has one, and an invitation has no row to log
        return instance

    def get_success_message(self, instance: Enrollment) -> str:
        words = gettext("%(email)s is enrolled in “%(course)s”, or invited and enrolled at sign-up.")
        return words % {"email": self.form.cleaned_data["email"], "course": instance.course.title}

    def get_success_buttons(self) -> list[Any]:
        return []


class EnrollmentViewSet(AddOnlyViewSet):
    model = Enrollment
    icon = "tasks"
    menu_label = _("Enrolments")
    url_prefix = "enrollment/enrollment"
    url_namespace = "enrollments"
    index_view_class = EnrollmentIndexView
    add_view_class = EnrollmentCreateView
    filterset_class = EnrollmentFilter
    create_edit_handler = ObjectList(
        [FieldPanel("course"), FieldPanel("email"), FieldPanel("reason")], base_form_class=EnrollmentCreateForm
    )


def undo_button() -> Any:
    return wagtail_messages.button(reverse("enrollment_undo"), gettext("Undo"))


class EnrollmentBulkAction(ManagedBulkAction):
    models: ClassVar = [Enrollment]
    after: Status | None = None

    def managed(self) -> QuerySet[Enrollment]:
        return managed_enrollments(self.request.user).select_related("user", "course")

    def listed(self, asked: QueryDict) -> QuerySet[Enrollment]:
        filters = EnrollmentFilter(asked, queryset=managed_enrollments(self.request.user), request=self.request)
        return searched(filters.qs, asked.get("q", "")) if filters.is_valid() else Enrollment.objects.none()

    def named(self, row: Enrollment) -> str:
        return f"{row.user.get_full_name()} · {row.course.title} · {row.get_status_display()}"

    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        if self.after and remembered(self.request):
            wagtail_messages.info(self.request, gettext("You can take this back for ten minutes."), [undo_button()])
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "effect": EFFECTS[self.after] if self.after else ""}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The students read it in the mail about the change."),
    )


class StatusBulkAction(EnrollmentBulkAction):
    form_class = ReasonForm

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Enrollment], actor: Any = None, request: Any = None, reason: str = "", **kwargs: Any
    ) -> tuple[int, int]:
        assert cls.after is not None  # noqa: S101  (each action has one)
        # only ids: the action reads the rows again under the lock of the course's seats
        ids = [enrollment.pk for enrollment in objects]
        outcome = actions.change_statuses(enrollment_ids=ids, after=cls.after, actor=actor, reason=reason)
        remember(request, outcome.changes)
        for sentence in sorted(set(outcome.refused.values())):
            count = sum(1 for other in outcome.refused.values() if other == sentence)
            messages.error(request, f"{count} × {sentence}")
        return outcome.changed, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Enrolments changed: %(n)s.") % {"n": num_parent_objects}


class Approve(StatusBulkAction):
    display_name = _("Approve")
    action_type = "approve"
    aria_label = _("Approve the chosen enrolments")
    action_priority = 10
    after = Status.ACTIVE


class Decline(StatusBulkAction):
    display_name = _("Decline")
    action_type = "decline"
    aria_label = _("Decline the chosen requests")
    action_priority = 20
    after = Status.DECLINED


class Pause(StatusBulkAction):
    display_name = _("Pause")
    action_type = "pause"
    aria_label = _("Pause the chosen enrolments")
    action_priority = 30
    after = Status.PAUSED


class Resume(StatusBulkAction):
    display_name = _("Resume")
    action_type = "resume"
    aria_label = _("Make the chosen enrolments active again")
    action_priority = 40
    after = Status.ACTIVE


class Remove(StatusBulkAction):
    display_name = _("Remove")
    action_type = "remove"
    aria_label = _("Remove the chosen students from their courses")
    action_priority = 50
    after = Status.REMOVED


class GroupChoiceForm(forms.Form):
    group = forms.ModelChoiceField(
        StudyGroup.objects.none(), label=_("Study group"), required=False, empty_label=_("In no group")
    )


class MoveToGroup(EnrollmentBulkAction):
    display_name = _("Move to a group")
    action_type = "move_to_group"
    aria_label = _("Move the chosen students to a study group")
    action_priority = 60
    form_class = GroupChoiceForm

    def get_form(self, form_class: Any = None) -> forms.Form:
        form = super().get_form(form_class)
        # only groups of the chosen students' courses, which the user manages (promise 6)
        courses = {enrollment.course_id for enrollment in self.get_actionable_objects()[0]}
        groups = StudyGroup.objects.filter(course_id__in=courses).select_related("course")
        form.fields["group"].queryset = groups
        form.fields["group"].label_from_instance = lambda group: f"{group.course.title} · {group.name}"
        return form

    @classmethod
    def execute_action(  # type: ignore[override]
        cls, objects: list[Enrollment], actor: Any = None, request: Any = None, group: Any = None, **kwargs: Any
    ) -> tuple[int, int]:
        moved = 0
        # in one order: Wagtail has one transaction around all courses, and two actions that lock the seats
        # of courses in different orders would wait for each other
        for course_id in sorted({row.course_id for row in objects}):
            if group is not None and group.course_id != course_id:
                messages.warning(request, gettext("Students of other courses stay where they are."))
                continue
            ids = [row.pk for row in objects if row.course_id == course_id]
            try:
                moved += group_actions.place(enrollment_ids=ids, course_id=course_id, group=group, actor=actor)
            except ValidationError as error:
                for message in error.messages:
                    messages.error(request, message)
        return moved, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Moved: %(n)s.") % {"n": num_parent_objects}


class WriteTo(EnrollmentBulkAction):
    """Redirect to the page that writes a letter to the chosen students."""

    display_name = _("Write to")
    action_type = "write_to"
    aria_label = _("Write a letter to the chosen students")
    action_priority = 70

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        found, _nobody = self.get_actionable_objects()
        courses = {enrollment.course_id for enrollment in found}
        if len(courses) > 1:
            messages.error(request, gettext("A letter goes to students of one course: filter by it first."))
            return redirect(self.next_url)
        query = QueryDict(mutable=True)
        if "all" in request.GET.getlist("id"):
            # the filter itself, not thousands of ids, which would make the address too long
            query = QueryDict(urlsplit(self.next_url).query, mutable=True)
            # the letter's address names the course; its filter has no such field
            query.pop("course", None)
        else:
            query.setlist("only", [str(enrollment.pk) for enrollment in found])
        return redirect(f"{reverse('teaching_letter', args=(courses.pop(),))}?{query.urlencode()}")


BULK_ACTIONS = (Approve, Decline, Pause, Resume, Remove, MoveToGroup, WriteTo)


def _header(title: str) -> dict[str, Any]:
    return header(title, icon="tasks", below=("enrollments:index", _("Enrolments")))


def change_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the status of one enrolment, after a question, and show its history."""
    enrollment = get_object_or_404(Enrollment.objects.select_related("user", "course", "group"), pk=pk)
    staff: Any = request.user
    # 404, not 403: the answer does not tell whether the enrolment exists (promise 5)
    if not staff.has_perm("enrollment.change_enrollment") or not manages_course(staff, enrollment.course_id):
        raise Http404
    back = reverse("enrollments:index")
    form = StatusForm(request.POST or None, enrollment=enrollment)
    context = {**_header(gettext("Change of status")), "enrollment": enrollment, "form": form, "back": back}
    if request.method == "POST" and form.is_valid():
        after = Status(form.cleaned_data["after"])
        if "confirmed" not in request.POST:
            context |= {"after": after, "effect": EFFECTS[after]}
            return render(request, "teaching/cms/confirm_status.html", context)
        outcome = actions.change_statuses(
            enrollment_ids=[enrollment.pk], after=after, actor=staff, reason=form.cleaned_data["reason"]
        )
        for refusal in outcome.refused.values():
            form.add_error(None, refusal)
        if not outcome.refused:
            said = gettext("%(person)s is now “%(status)s” in “%(course)s”.")
            facts = {"person": enrollment.user, "status": after.label, "course": enrollment.course.title}
            remember(request, outcome.changes)
            wagtail_messages.success(request, said % facts, [undo_button()] if outcome.changes else None)
            return redirect(back)
    context["history"] = enrollment.history.select_related("actor")
    return render(request, "teaching/cms/status.html", context, status=422 if form.errors else 200)


def undo_changes(request: HttpRequest) -> HttpResponse:
    """Ask whether to undo the last change of status by this user; on POST undo it."""
    staff: Any = request.user
    if not staff.has_perm("enrollment.change_enrollment"):
        raise Http404
    back = reverse("enrollments:index")
    changes = undoable(staff, remembered(request)).select_related("enrollment__user", "enrollment__course")
    # a GET only shows the question (promise 14)
    if request.method == "POST":
        outcome = undo(change_ids=remembered(request), actor=staff)
        # else a second click would try again, and be told that something has changed since
        remember(request, [])
        for refusal in sorted(set(outcome.refused.values())):
            messages.error(request, refusal)
        messages.success(request, gettext("Undone: %(n)s.") % {"n": outcome.changed})
        return redirect(back)
    found = list(changes[:NAMED])
    more = max(0, changes.count() - NAMED)
    context = {**_header(gettext("Undo")), "changes": found, "more": more, "back": back}
    return render(request, "teaching/cms/undo.html", context)


enrollments = EnrollmentViewSet("enrollments")

"""Students of a project, and its goals."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Max, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.requests import PersonRequest
from learning.tutoring.access import (
    managed_project_or_404,
    managed_projects,
    students_of,
    teaches,
)
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import (
    Goal,
    ProjectStudent,
    Status,
)
from learning.tutoring.projects import actions
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.web.forms.projects import (
    AddStudentForm,
    GoalForm,
    LeaveForm,
    PayerForm,
)
from learning.tutoring.web.shown import clash_for, form_page, project_url, try_to

PER_PAGE = 24


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add_student(request: PersonRequest, project_id: int) -> HttpResponse:
    row = managed_project_or_404(request.user, project_id)
    form = AddStudentForm(request.POST or None)
    clash = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.add_student(project=row, email=data["email"], name=data["name"], joined_on=data["joined_on"])
        except ClashError as error:
            clash = clash_for(request.user, error)
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The student is in the project and gets a mail."))
            return redirect(row)
    return form_page(
        request, form, title=_("Add a student"), submit=_("Add"), back=project_url(project_id), clash=clash
    )


def _member(request: PersonRequest, row_id: int) -> ProjectStudent:
    rows = ProjectStudent.objects.filter(project__in=managed_projects(request.user))
    return get_object_or_404(rows.select_related("project__teacher", "student", "payer"), pk=row_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def member(request: PersonRequest, row_id: int) -> HttpResponse:
    """One student of a project: who pays, and the end of their part."""
    row = _member(request, row_id)
    is_leaving = "leave" in request.POST
    payer = PayerForm(
        None if is_leaving else request.POST or None, initial={"email": row.payer.email if row.payer else ""}
    )
    left = LeaveForm(request.POST if is_leaving else None)
    if request.method == "POST":
        form: Any = left if is_leaving else payer
        if form.is_valid():
            data = form.cleaned_data
            try:
                if is_leaving:
                    actions.leave(row=row, left_on=data["left_on"])
                else:
                    actions.set_payer(row=row, email=data["email"], name=data["name"])
            except TutoringError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("Saved."))
                return redirect(row.project)
    status = 422 if payer.errors or left.errors else 200
    context = {"row": row, "project": row.project, "payer_form": payer, "leave_form": left}
    return render(request, "tutoring/member.html", context, status=status)


@require_POST
@login_required
def invite_again(request: PersonRequest, row_id: int) -> HttpResponse:
    row = _member(request, row_id)
    try_to(request, lambda: actions.invite_again(row=row), _("The invitation is on its way."))
    return redirect("tutoring_member", row.pk)


@require_POST
@login_required
def add_goal(request: PersonRequest, project_id: int) -> HttpResponse:
    row = managed_project_or_404(request.user, project_id)
    form = GoalForm(request.POST, instance=Goal(project=row))
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(f"{row.get_absolute_url()}#goals")
    return form_page(request, form, title=_("New goal"), submit=_("Add"), back=project_url(project_id))


def _goal(request: PersonRequest, goal_id: int) -> Goal:
    rows = Goal.objects.filter(project__in=managed_projects(request.user)).select_related("project")
    return get_object_or_404(rows, pk=goal_id)


@require_POST
@login_required
def goal_done(request: PersonRequest, goal_id: int) -> HttpResponse:
    """Mark a goal as reached (`done`), or as open again."""
    goal = _goal(request, goal_id)
    goal.done_at = timezone.now() if request.POST.get("done") else None
    goal.save(update_fields=["done_at"])
    return redirect(f"{goal.project.get_absolute_url()}#goals")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_goal(request: PersonRequest, goal_id: int) -> HttpResponse:
    goal = _goal(request, goal_id)
    if "delete" in request.POST:
        goal.delete()
        messages.success(request, _("The goal is deleted."))
        return redirect(f"{goal.project.get_absolute_url()}#goals")
    form = GoalForm(request.POST or None, instance=goal)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect(f"{goal.project.get_absolute_url()}#goals")
    return form_page(
        request,
        form,
        title=goal.text,
        submit=_("Save"),
        back=project_url(goal.project_id),
        danger=_("Delete the goal"),
    )


@require_safe
@login_required
def students(request: PersonRequest) -> HttpResponse:
    """Everyone whom this teacher teaches or taught, with their projects and last lesson."""
    user = request.user
    if not managed_projects(user).exists() and not teaches(user):
        raise Http404
    words = request.GET.get("q", "")[:100].replace("\x00", "")
    rows = students_of(user)
    for word in words.split()[:6]:
        rows = rows.filter(Q(display_name__icontains=word) | Q(email__icontains=word))
    own = ProjectStudent.objects.filter(project__in=managed_projects(user)).select_related("project")
    held = Q(attendances__lesson__status=Status.HELD, attendances__lesson__project__in=managed_projects(user))
    rows = rows.prefetch_related(Prefetch("project_students", own, to_attr="own_rows")).annotate(
        last_at=Max("attendances__lesson__starts_at", filter=held)
    )
    page = Paginator(rows.order_by("display_name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    query = urlencode({"q": words}) if words else ""
    return render(request, "tutoring/students.html", {"page_obj": page, "q": words, "query": query})

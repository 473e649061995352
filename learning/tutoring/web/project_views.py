"""Projects: the list, making one, its page, every lesson of it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Min, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.tutoring.access import (
    managed_project_or_404,
    manages_project,
    seen_project_or_404,
    seen_projects,
    takes_part,
    teaches,
)
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import (
    Account,
    Attendance,
    Homework,
    HomeworkCopy,
    Lesson,
    Project,
    ProjectStudent,
    Status,
)
from learning.tutoring.models.lessons import LessonQuerySet
from learning.tutoring.models.money import balances_of
from learning.tutoring.models.projects import GoalProgress
from learning.tutoring.money.allocation import PAID_LABELS, Paid, paid_states
from learning.tutoring.money.packages import package_states_of
from learning.tutoring.projects import actions
from learning.tutoring.schedule.applying import change_state
from learning.tutoring.schedule.zones import hour_changes
from learning.tutoring.web.forms.projects import (
    GoalForm,
    NewProjectForm,
    ProjectForm,
    StudentForm,
)
from learning.tutoring.web.shown import form_page, project_url, try_to

PER_PAGE = 24
ACCOUNTS_SHOWN = 60  # no project has more students
LESSONS_SHOWN, PAST_SHOWN, HOMEWORK_SHOWN = 12, 6, 8


@require_safe
@login_required
def projects(request: PersonRequest) -> HttpResponse:
    """A teacher's projects, or a student's own."""
    user = request.user
    asked = request.GET.get("state", "")
    rows = seen_projects(user).distinct()
    if asked in Project.State.values:
        rows = rows.filter(state=asked)
    students = Prefetch("students", ProjectStudent.objects.current().select_related("student"))
    rows = (
        rows.select_related("teacher")
        .prefetch_related(students, "goals")
        .annotate(
            next_at=Min(
                "lessons__starts_at", filter=Q(lessons__status=Status.PLANNED, lessons__ends_at__gt=timezone.now())
            ),
        )
    )
    page = Paginator(rows.order_by("-state" if asked else "state", "taught", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    found = [
        {
            "project": project,
            "students": [one.student for one in project.students.all()],
            "progress": GoalProgress(project, list(project.goals.all())),
            "is_taught": project.teacher_id == user.pk,
        }
        for project in page
    ]
    context = {
        "page_obj": page,
        "rows": found,
        "teaches": teaches(user),
        "states": Project.State.choices,
        "asked": asked,
        "query": f"state={asked}" if asked in Project.State.values else "",
    }
    return render(request, "tutoring/projects.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_project(request: PersonRequest) -> HttpResponse:
    """Make a project in five fields."""
    user = request.user
    if not teaches(user):
        raise Http404
    last = Project.objects.taught_by(user).order_by("-pk").first()
    initial = {"minutes": last.minutes, "currency": last.currency} if last else {}
    form = NewProjectForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            project = actions.create_project(
                teacher=user,
                taught=data["taught"],
                students=[(data["email"], "")],
                minutes=data["minutes"],
                price=data["amount"],
                currency=data["currency"],
                state=Project.State.DRAFT if "draft" in request.POST else Project.State.ACTIVE,
            )
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The project is there. When are its lessons?"))
            return redirect("tutoring_schedule", project.pk)
    return form_page(
        request,
        form,
        title=_("New project"),
        submit=_("Create the project"),
        other_submit=("draft", _("Keep as a draft, invite later")),
        back=reverse("tutoring_projects"),
    )


@require_safe
@login_required
def project(request: PersonRequest, project_id: int) -> HttpResponse:
    """A project: goals, lessons, homework; for its teacher also money and notes."""
    user = request.user
    row = seen_project_or_404(user, project_id)
    is_managed = manages_project(user, row)
    now = timezone.now()
    lessons = _lessons(row, user, is_managed)
    coming = list(lessons.filter(ends_at__gt=now).order_by("starts_at")[:LESSONS_SHOWN])
    past = list(lessons.filter(ends_at__lte=now).order_by("-starts_at")[: PAST_SHOWN + 1])
    has_more_past, past = len(past) > PAST_SHOWN, past[:PAST_SHOWN]
    for lesson in [*coming, *past]:
        lesson.project = row
    # who has left keeps their own lessons and homework, and sees nothing of what goes on
    is_present = is_managed or takes_part(user, row)
    goals = list(row.goals.all()) if is_present else []
    homework = _homework(row, user, is_managed)
    students = list(row.students.select_related("student", "payer"))
    money = _money(row, students, user, is_managed)
    _note_paid(past, [line["account"] for line in money], user, is_managed)
    context = {
        "project": row,
        "is_managed": is_managed,
        "is_present": is_present,
        "coming": coming,
        "past": past,
        "has_more": has_more_past or len(coming) == LESSONS_SHOWN,
        "goals": goals,
        "progress": GoalProgress(row, goals),
        "homework": homework,
        "students": students,
        "money": money,
        "goal_form": GoalForm() if is_managed else None,
        "hour_changes": [] if is_managed else hour_changes(user, row)[:2],
        "states": _next_states(row) if is_managed else [],
        "undo": request.GET.get("undo", "") if is_managed else "",
    }
    return render(request, "tutoring/project.html", context)


def _next_states(row: Project) -> list[str]:
    if row.state == Project.State.DRAFT:
        return ["active"]
    return [state for state in ("active", "paused", "ended") if state != row.state]


def _homework(row: Project, user: User, is_managed: bool) -> list[Any]:
    if is_managed:
        counted = Count("copies", filter=Q(copies__state="handed_in"))
        done = Count("copies", filter=Q(copies__state__in=["accepted", "excused"]))
        rows = Homework.objects.filter(project=row).annotate(waiting=counted, done=done, all=Count("copies"))
        return list(rows.order_by("-pk")[:HOMEWORK_SHOWN])
    own = HomeworkCopy.objects.of_student(user).filter(homework__project=row)
    return list(own.select_related("homework").order_by("-pk")[:HOMEWORK_SHOWN])


def _money(row: Project, students: list[ProjectStudent], user: User, is_managed: bool) -> list[dict[str, Any]]:
    """The accounts of who pays for the project; of a student their own."""
    payers = {one.pays_id for one in students}
    if not is_managed:
        payers &= {user.pk}
    accounts = Account.objects.filter(teacher_id=row.teacher_id, payer_id__in=payers).select_related("payer", "teacher")
    shown = list(accounts[:ACCOUNTS_SHOWN])
    balances = balances_of(shown)
    packages = package_states_of(shown, row.today)
    return [
        {
            "account": account,
            "balances": balances[account.pk],
            "packages": [one for one in packages[account.pk] if one.left and not one.has_expired],
        }
        for account in shown
    ]


def _note_paid(lessons: list[Lesson], accounts: list[Account], user: User, is_managed: bool) -> None:
    """Set `paid` and `paid_label` of lessons: of all their students together, or of the one who looks."""
    states = paid_states(accounts) if lessons else {}
    for lesson in lessons:
        students = [one.student_id for one in lesson.attendances.all() if is_managed or one.student_id == user.pk]
        own = {states[lesson.pk, student] for student in students if (lesson.pk, student) in states}
        paid: Paid | None = None
        if own:
            order = (Paid.UNPAID, Paid.PART, Paid.PAID, Paid.PACKAGE)
            paid = next(state for state in order if state in own)
        elif lesson.status in {Status.HELD, Status.MISSED} and accounts:
            paid = Paid.FREE
        lesson.paid, lesson.paid_label = paid, PAID_LABELS[paid] if paid else ""  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_project(request: PersonRequest, project_id: int) -> HttpResponse:
    row = managed_project_or_404(request.user, project_id)
    form = ProjectForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        changed = form.save(commit=False)
        try:
            actions.change_project(project=changed, keep=form.cleaned_data["keep"])
        except (TutoringError, ValidationError) as error:
            form.add_error(None, str(error) if isinstance(error, TutoringError) else error.messages)
        else:
            form.save_m2m()
            messages.success(request, _("Saved."))
            return redirect(row)
    return form_page(request, form, title=row.taught, submit=_("Save"), back=project_url(project_id), project=row)


@require_POST
@login_required
def set_state(request: PersonRequest, project_id: int) -> HttpResponse:
    row = managed_project_or_404(request.user, project_id)
    state = request.POST.get("state", "")
    if state in Project.State.values:
        try_to(request, lambda: change_state(project=row, state=state, actor=request.user), _("Saved."))
    return redirect(row)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def copy_project(request: PersonRequest, project_id: int) -> HttpResponse:
    """The same for the next student."""
    row = managed_project_or_404(request.user, project_id)
    form = StudentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            copied = actions.copy_project(project=row, email=data["email"], name=data["name"])
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The project is there. When are its lessons?"))
            return redirect("tutoring_schedule", copied.pk)
    title = _("“%(name)s” for another student") % {"name": row.taught}
    return form_page(request, form, title=title, submit=_("Copy the project"), back=project_url(project_id))


@require_safe
@login_required
def timeline(request: PersonRequest, project_id: int) -> HttpResponse:
    """Every lesson of a project, the newest first; of a student, those that they take."""
    user = request.user
    row = seen_project_or_404(user, project_id)
    is_managed = manages_project(user, row)
    page = Paginator(_lessons(row, user, is_managed).order_by("-starts_at", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    for lesson in page:
        lesson.project = row
    context = {"project": row, "page_obj": page, "is_managed": is_managed}
    return render(request, "tutoring/timeline.html", context)


def _lessons(row: Project, user: User, is_managed: bool) -> LessonQuerySet:
    """The lessons of a project that this person sees, with teacher and students."""
    lessons = Lesson.objects.filter(project=row).exclude(status=Status.CANCELLED, cancelled_by="schedule")
    if not is_managed:
        lessons = lessons.filter(attendances__student=user)
    people = Prefetch("attendances", Attendance.objects.select_related("student"))
    return lessons.select_related("teacher").prefetch_related(people)

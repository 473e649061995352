"""One lesson: its page, marking it, its plan; and what its student asks for."""

from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id, parse_ids
from learning.base.redirects import way_back
from learning.tutoring.access import (
    attended_lesson_or_404,
    managed_lesson_or_404,
    managed_lessons,
    manages_project,
    seen_lesson_or_404,
    takes_part,
)
from learning.tutoring.currencies import money_text
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons import planning, requests
from learning.tutoring.lessons.history import in_words
from learning.tutoring.lessons.marking import MARKS, mark, mark_all_held, reopen, set_presence, undo_mark
from learning.tutoring.models import LessonTask, MoveRequest, Status
from learning.tutoring.schedule import changing
from learning.tutoring.schedule.ical import file_of
from learning.tutoring.today import day_of
from learning.tutoring.web.forms.lessons import PlanForm, PresenceForm, ReportForm, TaskForm
from learning.tutoring.web.forms.schedule import ReasonForm, WishForm
from learning.tutoring.web.shown import form_page, to_lesson, try_to, with_undo

HISTORY_SHOWN = 30
MOST_UNDONE = 30  # marks of one click


@require_safe
@login_required
def lesson(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """A lesson, for its teacher with everything, for its student with plan, report and what can be asked for."""
    user = request.user
    row = seen_lesson_or_404(user, lesson_id)
    is_managed = managed_lessons(user).filter(pk=row.pk).exists()
    attendances = list(row.attendances.select_related("student"))
    context: dict[str, Any] = {
        "lesson": row,
        "project": row.project,
        "is_managed": is_managed,
        # a substitute has the lesson, not the project
        "has_project": manages_project(user, row.project),
        "attendances": attendances,
        "tasks": list(row.tasks.all()),
        "homework": list(row.homework.all()) if is_managed else [],
        "links": [line.strip() for line in row.links.splitlines() if line.strip()],
        "undo": request.GET.get("undo", "") if is_managed else "",
    }
    if is_managed:
        context |= {
            "plan_form": PlanForm(instance=row),
            "report_form": ReportForm(initial={"report": row.report}),
            "task_form": TaskForm(),
            "presence_form": PresenceForm(attendances=attendances),
            "history": in_words(row.changes.select_related("actor").order_by("-pk")[:HISTORY_SHOWN]),
            "may_mark": row.status == Status.PLANNED and row.has_begun,
            "wishes": list(row.move_requests.filter(answer="").select_related("student")),
            "before": planning.lesson_before(row),
        }
    else:
        own = next(one for one in attendances if one.student_id == user.pk)
        is_open = row.status == Status.PLANNED and not row.has_begun and own.presence != "excused"
        cost = requests.cost_of_cancelling(row, user) if is_open else None
        context |= {
            "own": own,
            "shows_place": takes_part(user, row.project) and row.status == Status.PLANNED and not row.is_over,
            "is_open": is_open,
            "cost": cost,
            "cost_text": money_text(cost.amount, cost.currency) if cost else "",
            "wish": row.move_requests.filter(student=user).first(),
            "call_off_form": ReasonForm(),
        }
    return render(request, "tutoring/lesson.html" if is_managed else "tutoring/lesson_student.html", context)


@require_safe
@login_required
def print_plan(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    context = {"lesson": row, "project": row.project, "tasks": list(row.tasks.all())}
    return render(request, "tutoring/plan_print.html", context)


@require_safe
@login_required
def calendar_file(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """The lesson as an iCalendar file."""
    row = seen_lesson_or_404(request.user, lesson_id)
    response = HttpResponse(file_of(request.user, row), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="lesson-{row.pk}.ics"'
    return response


# --- marks ------------------------------------------------------------------------------------


@require_POST
@login_required
def set_mark(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """Mark a lesson as held or missed, in one click from anywhere."""
    row = managed_lesson_or_404(request.user, lesson_id)
    status = request.POST.get("status", "")
    back = way_back(request, row.get_absolute_url())
    try:
        _lesson, change = mark(lesson=row, status=status, actor=request.user)
    except TutoringError as error:
        messages.error(request, str(error))
        return redirect(back)
    return redirect(with_undo(back, change.pk) if change else back)


@require_POST
@login_required
def mark_today(request: PersonRequest) -> HttpResponse:
    """All of today's lessons that are over were held."""
    begins, ends = day_of(request.user)
    rows = managed_lessons(request.user).filter(teacher=request.user).between(begins, ends)
    changes = mark_all_held(lessons=list(rows.select_related("project")), actor=request.user)
    count = len(changes)
    messages.success(
        request, ngettext("%(n)s lesson is marked as held.", "%(n)s lessons are marked as held.", count) % {"n": count}
    )
    back = way_back(request, reverse("dashboard"))
    return redirect(with_undo(back, *(change.pk for change in changes)) if changes else back)


@require_POST
@login_required
def undo(request: PersonRequest) -> HttpResponse:
    ids = parse_ids(request.POST.get("change", "").split("-")[:MOST_UNDONE])
    done = [try_to(request, partial(undo_mark, change_id=pk, actor=request.user)) for pk in ids or [0]]
    if any(done):
        messages.success(request, _("Undone."))
    return redirect(way_back(request, reverse("dashboard")))


@require_POST
@login_required
def open_again(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    done = _("The lesson is planned again; what it had cost is given back.")
    if row.status in MARKS:
        try_to(request, lambda: reopen(lesson=row, actor=request.user, reason=request.POST.get("reason", "")), done)
    else:
        try_to(request, lambda: changing.bring_back(lesson=row, actor=request.user), _("The lesson takes place again."))
    return to_lesson(row)


@require_POST
@login_required
def presence(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    form = PresenceForm(request.POST, attendances=list(row.attendances.select_related("student")))
    if form.is_valid():
        try_to(
            request,
            lambda: set_presence(lesson=row, presences=form.presences(), actor=request.user),
            _("Saved."),
        )
    return to_lesson(row)


# --- the plan ---------------------------------------------------------------------------------


@require_POST
@login_required
def plan(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    form = PlanForm(request.POST, instance=row)
    if form.is_valid():
        # only the plan: another tab may have marked or moved the lesson meanwhile
        form.instance.save(update_fields=[*form.Meta.fields])
        messages.success(request, _("The plan is saved."))
        return redirect(f"{row.get_absolute_url()}#plan")
    return form_page(request, form, title=_("Plan"), submit=_("Save"), back=row.get_absolute_url())


@require_POST
@login_required
def go_on(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    try_to(request, lambda: planning.go_on_from_last(lesson=row), _("The last plan is taken over."))
    return redirect(f"{row.get_absolute_url()}#plan")


@require_POST
@login_required
def add_task(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    form = TaskForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try_to(request, lambda: planning.add_task(lesson=row, text=data["text"], points=data["points"] or 0))
        return redirect(f"{row.get_absolute_url()}#tasks")
    return form_page(request, form, title=_("New task"), submit=_("Add"), back=row.get_absolute_url())


@require_POST
@login_required
def tick(request: PersonRequest, task_id: int) -> HttpResponse:
    """Tick a task off, open it again, or delete it."""
    rows = LessonTask.objects.filter(lesson__in=managed_lessons(request.user)).select_related("lesson")
    task = get_object_or_404(rows, pk=task_id)
    if "delete" in request.POST:
        task.delete()
    else:
        planning.tick_task(task=task, done=bool(request.POST.get("done")))
    return redirect(f"{task.lesson.get_absolute_url()}#tasks")


@require_POST
@login_required
def report(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    form = ReportForm(request.POST)
    if form.is_valid():
        try_to(
            request,
            lambda: planning.send_report(lesson=row, report=form.cleaned_data["report"]),
            _("The report is sent."),
        )
        return redirect(f"{row.get_absolute_url()}#report")
    return form_page(request, form, title=_("Report"), submit=_("Send"), back=row.get_absolute_url())


# --- what students ask for --------------------------------------------------------------------


@require_POST
@login_required
def call_off(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """Cancel as the student, at the cost that the page has shown."""
    row = attended_lesson_or_404(request.user, lesson_id)
    percent = parse_id(request.POST.get("percent", ""))
    try_to(
        request,
        lambda: requests.call_off(
            lesson=row,
            student=request.user,
            percent_seen=-1 if percent is None else percent,
            reason=request.POST.get("reason", "")[:300],
        ),
        _("The lesson is cancelled. Your teacher knows of it."),
    )
    return to_lesson(row)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """Ask for another time, in one's own zone."""
    user = request.user
    row = attended_lesson_or_404(user, lesson_id)
    form = WishForm(request.POST or None, lesson=row, zone=ZoneInfo(user.time_zone))
    if request.method == "POST" and form.is_valid():
        try:
            requests.ask_to_move(lesson=row, student=user, wanted_at=form.starts_at(), note=form.cleaned_data["note"])
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your teacher is asked. The lesson stays as it is until they answer."))
            return to_lesson(row)
    return form_page(
        request,
        form,
        title=_("Ask for another time"),
        submit=_("Ask"),
        back=row.get_absolute_url(),
        zone=user.time_zone,
    )


@require_POST
@login_required
def answer_wish(request: PersonRequest, request_id: int) -> HttpResponse:
    rows = MoveRequest.objects.filter(lesson__in=managed_lessons(request.user)).select_related("lesson")
    wish = get_object_or_404(rows, pk=request_id)
    accept = request.POST.get("answer") == "accept"
    try_to(
        request,
        lambda: requests.answer_request(request=wish, accept=accept, actor=request.user),
        _("The lesson is moved.") if accept else _("The lesson stays as it is."),
    )
    return redirect(way_back(request, wish.lesson.get_absolute_url()))

"""The time of one lesson: adding, moving, swapping, cancelling."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.tutoring.access import (
    managed_lesson_or_404,
    managed_lessons,
    managed_project_or_404,
    manages_project,
)
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import By, Lesson, Status
from learning.tutoring.models.projects import FIRST_YEAR, LAST_YEAR
from learning.tutoring.schedule import changing
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.times import instant_of
from learning.tutoring.web.forms.schedule import CancelForm, MoveForm, SwapForm, TimeForm
from learning.tutoring.web.schedule_views import preview_following
from learning.tutoring.web.shown import clash_for, form_page, project_url, to_lesson

SWAPPED_WITH = 60  # lessons to choose from


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: PersonRequest, project_id: int) -> HttpResponse:
    """Add a single lesson to a project."""
    project = managed_project_or_404(request.user, project_id)
    now = timezone.localtime(timezone.now(), project.zone).replace(minute=0)
    form = TimeForm(request.POST or None, zone=project.zone, starts_at=now, initial={"minutes": project.minutes})
    clash = None
    if request.method == "POST" and form.is_valid():
        try:
            row = changing.add_lesson(
                project=project,
                starts_at=form.starts_at(),
                minutes=form.cleaned_data["minutes"],
                actor=request.user,
            )
        except ClashError as error:
            clash = clash_for(request.user, error)
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The lesson is planned."))
            return to_lesson(row)
    return form_page(
        request,
        form,
        title=_("New lesson"),
        submit=_("Plan the lesson"),
        back=project_url(project_id),
        clash=clash,
        zone=project.time_zone,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def move(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """Move a lesson, by form, or by the script of the calendar, which wants JSON."""
    row = managed_lesson_or_404(request.user, lesson_id)
    if request.method == "POST" and request.headers.get("accept") == "application/json":
        return _move_by_script(request, row)
    # a substitute gives one lesson: the rules are for who has the project
    may_change_rules = manages_project(request.user, row.project)
    form = MoveForm(request.POST or None, lesson=row, may_change_rules=may_change_rules)
    clash = None
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data.get("following"):
                return preview_following(request, row, form)
            moved = changing.move_lesson(
                lesson=row,
                starts_at=form.starts_at(),
                minutes=form.cleaned_data["minutes"],
                actor=request.user,
                reason=form.cleaned_data["reason"],
            )
        except ClashError as error:
            clash = clash_for(request.user, error)
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The lesson is moved."))
            return to_lesson(moved)
    return form_page(
        request,
        form,
        title=_("Move the lesson"),
        submit=_("Move"),
        back=row.get_absolute_url(),
        clash=clash,
        zone=row.project.time_zone,
    )


def _move_by_script(request: PersonRequest, row: Lesson) -> HttpResponse:
    """What dragging posts: the new start, and the minutes."""
    try:
        starts_at = parse_datetime(request.POST.get("starts_at", ""))
    except ValueError:
        starts_at = None
    minutes = parse_id(request.POST.get("minutes", "")) or row.minutes
    if starts_at is not None and not FIRST_YEAR < starts_at.year < LAST_YEAR:
        starts_at = None
    if starts_at is not None and timezone.is_naive(starts_at):
        # a cell of the calendar: local in the zone in which the person sees it
        starts_at = instant_of(starts_at.date(), starts_at.time(), ZoneInfo(request.user.time_zone))
    if starts_at is None:
        return JsonResponse({"detail": _("This is no date and time.")}, status=422)
    try:
        starts_at = starts_at.replace(second=0, microsecond=0)
        moved = changing.move_lesson(lesson=row, starts_at=starts_at, minutes=minutes, actor=request.user)
    except TutoringError as error:
        return JsonResponse({"detail": str(error)}, status=409)
    local = timezone.localtime(moved.starts_at)
    return JsonResponse({"said": date_format(local, "DATETIME_FORMAT"), "minutes": moved.minutes})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def swap(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """Swap two planned lessons of one's own."""
    row = managed_lesson_or_404(request.user, lesson_id)
    others = managed_lessons(request.user).filter(
        status=Status.PLANNED, starts_at__gt=timezone.now(), teacher_id=row.teacher_id
    )
    keys = list(others.exclude(pk=row.pk).order_by("starts_at").values_list("pk", flat=True)[:SWAPPED_WITH])
    lessons = Lesson.objects.filter(pk__in=keys).select_related("project")
    form = SwapForm(request.POST or None, lessons=lessons, label=_named)
    clash = None
    if request.method == "POST" and form.is_valid():
        other = form.cleaned_data["other"]
        try:
            changing.swap_lessons(first=row, second=other, actor=request.user)
        except ClashError as error:
            clash = clash_for(request.user, error)
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The lessons are swapped."))
            return to_lesson(row)
    return form_page(
        request, form, title=_("Swap the lesson"), submit=_("Swap"), back=row.get_absolute_url(), clash=clash
    )


def _named(row: Lesson) -> str:
    return f"{date_format(timezone.localtime(row.starts_at), 'D j E, H:i')} · {row.project.taught}"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: PersonRequest, lesson_id: int) -> HttpResponse:
    row = managed_lesson_or_404(request.user, lesson_id)
    form = CancelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            changing.cancel_lesson(lesson=row, by=By(data["by"]), actor=request.user, reason=data["reason"])
        except TutoringError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The lesson is cancelled."))
            return to_lesson(row)
    return form_page(
        request, form, title=_("Cancel the lesson"), submit=_("Cancel the lesson"), back=row.get_absolute_url()
    )

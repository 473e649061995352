"""The schedule of a project: weekly rules, previewed and applied; days off."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.tutoring.access import managed_project_or_404, managed_projects, teaches
from learning.tutoring.currencies import money_text
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import DayOff, Lesson, Project, WeeklyRule
from learning.tutoring.models.projects import SCHEDULED
from learning.tutoring.schedule.applying import NEW, Proposal, apply_rules, end_rule, preview
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.changing import following
from learning.tutoring.schedule.days_off import DaysOffResult, take_days_off
from learning.tutoring.schedule.plan import FOLLOW, KEEP, Plan, stored_versions
from learning.tutoring.web.forms.schedule import DaysOffForm, MoveForm, RuleForm
from learning.tutoring.web.shown import form_page, project_url, try_to

SHOWN = 12  # lessons of each list of a preview


@require_safe
@login_required
def schedule(request: PersonRequest, project_id: int) -> HttpResponse:
    """The weekly rules of a project."""
    row = managed_project_or_404(request.user, project_id)
    rules = [
        {
            "id": rule_id,
            "current": versions[-1],
            "has_ended": not versions[-1].slots or bool(versions[-1].until and versions[-1].until < row.today),
            "versions": versions[:-1],
        }
        for rule_id, versions in stored_versions(row).items()
    ]
    may_apply = row.state in SCHEDULED | {Project.State.DRAFT}
    context = {
        "project": row,
        "rules": rules,
        "may_apply": may_apply,
        "form": RuleForm(project=row) if may_apply else None,
        # a new end of the project, or a student's, changes what the rules make
        "differs": bool(rules) and may_apply and not preview(row).is_empty,
        "days_off": list(DayOff.objects.filter(project=row).select_related("person")),
    }
    return render(request, "tutoring/schedule.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rule(request: PersonRequest, project_id: int, rule_id: int = NEW) -> HttpResponse:
    """Write a rule or a new version of one; it is previewed, and applied from there."""
    row = managed_project_or_404(request.user, project_id)
    current = None
    if rule_id != NEW:
        get_object_or_404(WeeklyRule, pk=rule_id, project=row)
        current = stored_versions(row)[rule_id][-1]
    form = RuleForm(request.POST or None, project=row, current=current)
    if request.method == "POST" and form.is_valid():
        try:
            return _preview_or_apply(request, row, Proposal(rule_id, form.cleaned_data["version"]))
        except TutoringError as error:
            form.add_error(None, str(error))
    title = _("Change the weekly lessons") if rule_id else _("Weekly lessons")
    return form_page(
        request,
        form,
        title=title,
        submit=_("Show what changes"),
        back=reverse("tutoring_schedule", args=(project_id,)),
        template="tutoring/rule.html",
        project=row,
        is_change=rule_id != NEW,
    )


@require_POST
@login_required
def apply_stored(request: PersonRequest, project_id: int) -> HttpResponse:
    """Apply the rules as they are stored: previewed, then applied."""
    row = managed_project_or_404(request.user, project_id)
    return _previewed(request, row, None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def end(request: PersonRequest, project_id: int, rule_id: int) -> HttpResponse:
    """End a rule today: previewed, then applied."""
    row = managed_project_or_404(request.user, project_id)
    get_object_or_404(WeeklyRule, pk=rule_id, project=row)
    if request.method != "POST":
        return redirect("tutoring_schedule", row.pk)
    proposal = end_rule(project=row, rule_id=rule_id, from_date=row.today)
    return _previewed(request, row, proposal)


def preview_following(request: PersonRequest, lesson: Lesson, form: MoveForm) -> HttpResponse:
    """“This and all following”: a change of the lesson's rule, previewed. Raises TutoringError where it cannot be."""
    proposal = following(lesson, form.starts_at(), form.cleaned_data["minutes"])
    return _preview_or_apply(request, lesson.project, proposal)


def _previewed(request: PersonRequest, project: Project, proposal: Proposal | None) -> HttpResponse:
    """A preview where there is no form to say on what cannot be."""
    try:
        return _preview_or_apply(request, project, proposal)
    except TutoringError as error:
        messages.error(request, str(error))
        return redirect("tutoring_schedule", project.pk)


def _decisions(data: Mapping[str, str], plan: Plan) -> dict[int, str]:
    """What the teacher has said about each lesson that was moved by hand; kept where nothing was said."""
    return {one.lesson.pk: FOLLOW if data.get(f"hand{one.lesson.pk}") == FOLLOW else KEEP for one in plan.by_hand}


def _preview_or_apply(request: PersonRequest, project: Project, proposal: Proposal | None) -> HttpResponse:
    """Show what a proposal changes, or apply it where the form names the preview that was seen.

    Raises TutoringError where it cannot be applied.
    """
    seen = request.POST.get("seen", "")
    try:
        plan = preview(project, proposal)
        decisions = _decisions(request.POST, plan)
        if seen and seen == plan.digest():
            # the decisions change the plan, so its digest is taken with them
            digest = preview(project, proposal, decisions).digest()
            done = apply_rules(
                project=project, actor=request.user, proposal=proposal, decisions=decisions, digest=digest
            )
            messages.success(request, _said(done))
            return redirect("tutoring_schedule", project.pk)
    except ClashError:
        messages.error(request, _("Meanwhile another lesson has taken one of these times. Look at the new preview."))
        return redirect("tutoring_schedule", project.pk)
    if seen:
        messages.warning(request, _("The schedule has changed meanwhile. Look at the new preview."))
    return render(request, "tutoring/preview.html", _shown(request, project, plan))


def _said(plan: Plan) -> str:
    made = ngettext("%(n)s lesson made", "%(n)s lessons made", len(plan.created)) % {"n": len(plan.created)}
    moved = ngettext("%(n)s moved", "%(n)s moved", len(plan.moved)) % {"n": len(plan.moved)}
    out = ngettext("%(n)s taken out", "%(n)s taken out", len(plan.cancelled)) % {"n": len(plan.cancelled)}
    return f"{made}, {moved}, {out}."


def _shown(request: PersonRequest, project: Project, plan: Plan) -> dict[str, Any]:
    students = project.students.current().count()
    more = len(plan.created) - len(plan.cancelled)
    return {
        "project": project,
        "plan": plan,
        "digest": plan.digest(),
        "created": plan.created[:SHOWN],
        "moved": plan.moved[:SHOWN],
        "cancelled": plan.cancelled[:SHOWN],
        "clashing": plan.clashing[:SHOWN],
        "shown": SHOWN,
        "students": students,
        "money": money_text(abs(more) * project.price * students, project.currency) if more and project.price else "",
        "is_more": more > 0,
        # everything that was typed, so that applying posts the same again
        "fields": [(name, value) for name, value in request.POST.items() if not _is_ours(name)],
    }


def _is_ours(name: str) -> bool:
    return name in {"csrfmiddlewaretoken", "seen"} or name.startswith("hand")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def days_off(request: PersonRequest) -> HttpResponse:
    """A teacher's days off, in all of their projects."""
    user = request.user
    if not teaches(user):
        raise Http404
    form = DaysOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _take(request, form, user, None):
        return redirect("tutoring_days_off")
    rows = DayOff.objects.filter(person=user, project=None).order_by("-first")
    return _days_page(request, form, rows, back=reverse("calendar"), person=user)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def students_days_off(request: PersonRequest, project_id: int, user_id: int) -> HttpResponse:
    """Days off of a student in one project, noted by its teacher."""
    row = managed_project_or_404(request.user, project_id)
    member = get_object_or_404(row.students.select_related("student"), student_id=user_id, left_on=None)
    form = DaysOffForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _take(request, form, member.student, row):
        return redirect(row)
    rows = DayOff.objects.filter(person=member.student, project=row).order_by("-first")
    return _days_page(request, form, rows, back=project_url(project_id), person=member.student)


def _days_page(
    request: PersonRequest, form: DaysOffForm, rows: QuerySet[DayOff], back: str, person: User
) -> HttpResponse:
    title = _("Days off") if person == request.user else _("Days off of %(name)s") % {"name": person}
    return form_page(
        request,
        form,
        title=title,
        submit=_("Take these days off"),
        back=back,
        template="tutoring/days_off.html",
        rows=rows[:SHOWN],
        person=person,
    )


def _take(request: PersonRequest, form: DaysOffForm, person: User, project: Project | None) -> bool:
    data = form.cleaned_data
    result: list[DaysOffResult] = []
    done = try_to(
        request,
        lambda: result.append(
            take_days_off(
                person=person,
                project=project,
                first=data["first"],
                last=data["last"],
                what=data["what"],
                reason=data["reason"],
                actor=request.user,
            )
        ),
    )
    for one in result:
        parts = [
            ngettext("%(n)s lesson cancelled", "%(n)s lessons cancelled", len(one.cancelled))
            % {"n": len(one.cancelled)},
            ngettext("%(n)s moved", "%(n)s moved", len(one.moved)) % {"n": len(one.moved)},
        ]
        messages.success(request, f"{', '.join(parts)}.")
    return done


@require_POST
@login_required
def end_days_off(request: PersonRequest, day_off_id: int) -> HttpResponse:
    """Delete days off; lessons that were cancelled for them are brought back one by one."""
    rows = DayOff.objects.filter(person=request.user, project=None)
    row = (rows | DayOff.objects.filter(project__in=managed_projects(request.user))).filter(pk=day_off_id).first()
    if row is None:
        raise Http404
    project_id = row.project_id
    row.delete()
    messages.success(request, _("The days are free for lessons again."))
    return redirect("tutoring_project", project_id) if project_id else redirect("tutoring_days_off")

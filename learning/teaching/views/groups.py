"""Study groups of a course: the board, one group, what opens when, what only a group sees."""

from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from wagtail.models import Page

from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id, parse_ids
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.courses.programme import programme_of
from learning.enrollment import groups as group_actions
from learning.enrollment.models import Audience, Enrollment, Opening, StudyGroup
from learning.enrollment.statuses import IN_GROUP
from learning.teaching.filters import searched
from learning.teaching.forms import GroupForm, OpeningForm, ShiftForm
from learning.teaching.views.students import managed_course

SHOWN = 40  # students of each column of the board; the search finds the others


def _group(request: HttpRequest, group_id: int) -> StudyGroup:
    group = get_object_or_404(StudyGroup.objects.select_related("course"), pk=group_id)
    # 404 for a group of another course, as for one that does not exist (promises 5 and 6)
    managed_course(request, group.course_id)
    return group


def _said(request: HttpRequest, error: ValidationError) -> None:
    for message in error.messages:
        messages.error(request, message)


@require_safe
@login_required
def board(request: HttpRequest, course_id: int) -> HttpResponse:
    """The board: groups as columns; students are placed by form, by drag or all at once."""
    course = managed_course(request, course_id)
    words = request.GET.get("q", "")[:100]
    groups = list(
        StudyGroup.objects.filter(course=course)
        .with_members()
        .prefetch_related("teachers", "course__team__person")
        .order_by("name")
    )
    for taught in groups:
        taught.taught = group_actions.taught_by(taught)
    there = Enrollment.objects.filter(course=course, status__in=IN_GROUP)
    # the first students of every column in one query; a query for each group would grow with the groups
    place_in_group = Window(RowNumber(), partition_by=F("group_id"), order_by=["user__display_name", "pk"])
    first = searched(there.select_related("user"), words).annotate(place=place_in_group).filter(place__lte=SHOWN + 1)
    found: dict[int | None, list[Enrollment]] = defaultdict(list)
    for row in first.order_by("place"):
        found[row.group_id].append(row)
    columns = []
    for group in [None, *groups]:
        rows = found[group.pk if group else None]
        columns.append({"group": group, "students": rows[:SHOWN], "more": len(rows) > SHOWN})
    unplaced = there.filter(group=None).count()
    context = {"course": course, "columns": columns, "groups": groups, "q": words, "unplaced": unplaced}
    return render(request, "teaching/board.html", context)


@require_POST
@login_required
def place(request: PersonRequest, course_id: int) -> HttpResponse:
    """Put students into a group (`group`, empty for none): what the buttons, the bulk form and dragging all post."""
    course = managed_course(request, course_id)
    ids = parse_ids(request.POST.getlist("enrollment"))
    asked = request.POST.get("group", "")
    # an id that cannot be read is 404, not “no group”: a broken request must not take students out of their group
    group = get_object_or_404(StudyGroup, pk=parse_id(asked) or 0, course=course) if asked else None
    user = request.user
    try:
        moved = group_actions.place(enrollment_ids=ids, course_id=course.pk, group=group, actor=user)
    except ValidationError as error:
        # the script that drags stays on the page: it needs the reason as text, not a redirect
        if request.headers.get("accept") == "application/json":
            return HttpResponse("\n".join(error.messages), status=409, content_type="text/plain; charset=utf-8")
        _said(request, error)
        return redirect("teaching_groups", course.pk)
    if request.headers.get("accept") == "application/json":
        return HttpResponse(status=204)
    messages.success(request, _("Moved: %(n)s.") % {"n": moved})
    return redirect("teaching_groups", course.pk)


@require_POST
@login_required
def split(request: PersonRequest, course_id: int) -> HttpResponse:
    """Spread students evenly over the chosen groups."""
    course = managed_course(request, course_id)
    ids = [pk for pk in map(parse_id, request.POST.getlist("group")) if pk]
    groups = list(StudyGroup.objects.filter(pk__in=ids, course=course))
    user = request.user
    if not groups:
        messages.error(request, _("Choose the groups to spread students over."))
        return redirect("teaching_groups", course.pk)
    try:
        everyone = request.POST.get("who") == "everyone"
        moved = group_actions.split_evenly(course_id=course.pk, groups=groups, actor=user, everyone=everyone)
    except ValidationError as error:
        _said(request, error)
    else:
        messages.success(request, _("Moved: %(n)s.") % {"n": moved})
    return redirect("teaching_groups", course.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit(request: PersonRequest, course_id: int | None = None, group_id: int | None = None) -> HttpResponse:
    """Make a group, or change one; an empty one can be deleted here."""
    group = (
        _group(request, group_id)
        if group_id is not None
        else StudyGroup(course=managed_course(request, course_id or 0))
    )
    user = request.user
    if request.method == "POST" and "delete" in request.POST and group.pk:
        try:
            group_actions.delete_group(group=group, actor=user)
        except ValidationError as error:
            _said(request, error)
            return redirect("teaching_group", group.pk)
        messages.success(request, _("The group is deleted. Its students stay in the course."))
        return redirect("teaching_groups", group.course_id)
    form = GroupForm(request.POST or None, instance=group, actor=user)
    if request.method == "POST" and form.is_valid():
        is_new = group.pk is None
        try:
            group = group_actions.save_group(write=form.save, is_new=is_new, changed=form.changed_data, actor=user)
        except IntegrityError:  # the same form, sent twice at once
            messages.error(request, _("This course has a study group of this name already."))
            return redirect("teaching_groups", form.instance.course_id)
        messages.success(request, _("“%(group)s” is saved.") % {"group": group})
        return redirect("teaching_groups", group.course_id)
    members = group.count_members() if group.pk else 0
    context = {"course": group.course, "group": group, "form": form, "members": members}
    context["taught"] = group_actions.taught_by(group) if group.pk else ""
    return render(request, "teaching/group.html", context, status=422 if form.errors else 200)


def _all_valid(forms: list[OpeningForm]) -> bool:
    """Return whether all forms are valid. Each one is validated, so that each one shows its errors."""
    return all([form.is_valid() for form in forms])  # noqa: C419


def _opening_forms(group: StudyGroup, data: Any = None) -> list[OpeningForm]:
    openings = {opening.module_id: opening for opening in Opening.objects.filter(group=group)}
    modules = programme_of(group.course).modules
    return [OpeningForm(data, module=module, opening=openings.get(module.id)) for module in modules]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def openings(request: PersonRequest, group_id: int) -> HttpResponse:
    """When each module opens for the group."""
    group = _group(request, group_id)
    forms = _opening_forms(group, request.POST or None)
    user = request.user
    if request.method == "POST" and _all_valid(forms):
        # only what was changed on this page: another teacher may have set the other modules in the meantime
        changed = {form.module.id: form.wanted() for form in forms if form.has_changed()}
        try:
            if changed:
                group_actions.set_openings(group=group, openings=changed, actor=user)
        except ValidationError as error:
            _said(request, error)
        else:
            messages.success(request, _("Openings are saved."))
            return redirect("teaching_openings", group.pk)
    return _openings_page(request, group, forms)


def _openings_page(
    request: HttpRequest, group: StudyGroup, forms: list[OpeningForm], shift_form: ShiftForm | None = None
) -> HttpResponse:
    shift_form = shift_form or ShiftForm(modules=programme_of(group.course).modules)
    context = {"course": group.course, "group": group, "forms": forms, "shift": shift_form}
    wrong = any(form.errors for form in forms) or bool(shift_form.errors)
    return render(request, "teaching/openings.html", context, status=422 if wrong else 200)


@require_POST
@login_required
def shift(request: PersonRequest, group_id: int) -> HttpResponse:
    """Move the openings from one module on by some days."""
    group = _group(request, group_id)
    form = ShiftForm(request.POST, modules=programme_of(group.course).modules)
    if not form.is_valid():
        return _openings_page(request, group, _opening_forms(group), form)
    user = request.user
    try:
        moved = group_actions.shift_openings(
            group=group, from_module_id=form.cleaned_data["module"], days=form.cleaned_data["days"], actor=user
        )
    except (ValidationError, OverflowError):
        messages.error(request, _("These openings cannot be moved that far."))
    else:
        messages.success(request, _("Openings moved: %(n)s.") % {"n": moved})
    return redirect("teaching_openings", group.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def audience(request: PersonRequest, page_id: int) -> HttpResponse:
    """Which groups see a lesson or module; none chosen means everyone."""
    page = get_object_or_404(Page, pk=page_id).specific
    if not isinstance(page, LessonPage | ModulePage):
        raise Http404
    course: CoursePage = managed_course(request, page.course.pk)
    groups = list(StudyGroup.objects.filter(course=course))
    user = request.user
    if request.method == "POST":
        asked = set(request.POST.getlist("group"))
        wanted = [group for group in groups if str(group.pk) in asked]
        # a group may have been deleted since: without it the page could become one that everyone sees
        if len(wanted) < len(asked):
            messages.error(request, _("There is no such study group."))
            return redirect("teaching_audience", page.pk)
        group_actions.mark_for_groups(course_id=course.pk, page_id=page.pk, groups=wanted, actor=user)
        messages.success(request, _("It is saved who sees “%(page)s”.") % {"page": page.title})
        return redirect("teaching_audience", page.pk)
    marked = set(Audience.objects.filter(page_id=page.pk).values_list("group_id", flat=True))
    context = {
        "course": course,
        "page": page,
        "groups": groups,
        "marked": marked,
        "is_module": isinstance(page, ModulePage),
    }
    return render(request, "teaching/audience.html", context)

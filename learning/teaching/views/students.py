"""Pages about students' progress: tables, the chart, one student. Only people who manage the course get them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_ids
from learning.base.sheets import FORMATS, as_file
from learning.courses.models import CoursePage
from learning.courses.programme import programme_of
from learning.enrollment import actions
from learning.enrollment.models import Enrollment, StatusChange, StudyGroup
from learning.enrollment.rights import managed_courses, manages_course
from learning.enrollment.statuses import EFFECTS, Status, staff_choices
from learning.enrollment.undo import remember, remembered, undo, undoable
from learning.teaching.filters import EnrollmentFilter, ordered, searched
from learning.teaching.strip import heat_strip
from learning.teaching.students import export_rows, follow, headings, summary, summary_by_course

PER_PAGE = 50
COURSES_PER_PAGE = 30
HISTORY_SHOWN = 100
NAMED = 20  # students that the question “are you sure?” names


def managed_course(request: HttpRequest, course_id: int) -> CoursePage:
    """Return the course to people who manage its students; others get 404, as if it did not exist."""
    # the same 404 in both cases: it does not tell whether the course exists (promise 5)
    if not manages_course(request.user, course_id):  # type: ignore[arg-type]
        raise Http404
    return get_object_or_404(CoursePage, pk=course_id)


def chosen(request: HttpRequest, course: CoursePage) -> tuple[QuerySet[Enrollment], EnrollmentFilter, dict[str, Any]]:
    """Return the enrolments of a course that the query string asks for, the filter, and the search and order.

    An invalid filter finds nobody: a letter must not go to everyone because a group has been deleted.
    """
    rows = Enrollment.objects.filter(course=course).select_related("user", "group")
    filters = EnrollmentFilter(request.GET, queryset=rows, request=request, course_id=course.pk)
    found = searched(filters.qs if filters.is_valid() else rows.none(), request.GET.get("q", ""))
    # the name, not the ids: `only` without a valid id finds nobody, and does not drop the filter
    if "only" in request.GET:  # students who were chosen one by one
        only = parse_ids(request.GET.getlist("only"))
        found = found.filter(pk__in=only)
    found, order = ordered(found, request.GET.get("order", ""))
    return found, filters, {"q": request.GET.get("q", "")[:100], "order": order}


def query_without(request: HttpRequest, *names: str) -> str:
    """Return the query string of this request without these parameters."""
    kept = request.GET.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


@require_safe
@login_required
def overview(request: PersonRequest) -> HttpResponse:
    """List the courses that the user manages, with what waits in each."""
    user = request.user
    courses = managed_courses(user).order_by("title", "pk")
    if request.GET.get("q"):
        # PostgreSQL refuses NUL in a text (promise 32)
        courses = courses.filter(title__icontains=request.GET["q"].replace("\x00", "")[:100])
    page = Paginator(courses, COURSES_PER_PAGE).get_page(request.GET.get("page"))
    counts = summary_by_course(CoursePage.objects.filter(pk__in=[course.pk for course in page]))
    groups: dict[int, list[StudyGroup]] = {}
    for group in StudyGroup.objects.filter(course_id__in=[course.pk for course in page]):
        groups.setdefault(group.course_id, []).append(group)
    rows = [{"course": c, "counts": counts.get(c.pk, {}), "groups": groups.get(c.pk, [])} for c in page]
    # a student gets the same 404 as for an address that does not exist; a teacher without courses gets an empty page
    if not rows and not request.GET.get("q") and not user.has_perm("enrollment.change_enrollment"):
        raise Http404
    query = urlencode({"q": request.GET["q"]}) if request.GET.get("q") else ""
    return render(request, "teaching/overview.html", {"rows": rows, "page_obj": page, "query": query})


@require_safe
@login_required
def course(request: HttpRequest, course_id: int) -> HttpResponseBase:
    """Show how far the students of a course are, sorted and filtered; or export the table."""
    page = managed_course(request, course_id)
    found, filters, asked = chosen(request, page)
    if request.GET.get("export") in FORMATS:
        return as_file(page.slug, request.GET["export"], headings(), export_rows(found))
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    whole = programme_of(page)
    query_unordered = query_without(request, "page", "order")
    context = {
        **asked,
        "course": page,
        "page_obj": shown,
        "follows": [(row, row.cells(whole)) for row in follow(page, list(shown))],
        "modules": whole.modules,
        "filters": filters,
        "counts": summary(Enrollment.objects.filter(course=page)),
        "query": query_without(request, "page"),
        "query_unordered": query_unordered,
        "before_order": query_unordered and f"{query_unordered}&",
        "query_unexported": query_without(request, "page", "export"),
        "is_filtered": any(value for name, value in request.GET.items() if name not in ("page", "order")),
        "columns": [
            ("name", _("Student")),
            ("group", _("Study group")),
            ("status", _("Status")),
            ("progress", _("Progress")),
            ("seen", _("Last seen")),
        ],
    }
    return render(request, "teaching/course.html", context)


@require_safe
@login_required
def strip(request: HttpRequest, course_id: int) -> HttpResponse:
    """Show the chart of students × lessons, with the same data in a table below it."""
    page = managed_course(request, course_id)
    found, _filters, _asked = chosen(request, page)
    shown = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    picture = heat_strip(programme_of(page), follow(page, list(shown)))
    context = {"course": page, "strip": picture, "page_obj": shown, "query": query_without(request, "page")}
    return render(request, "teaching/strip.html", context)


@require_POST
@login_required
def change_status(request: PersonRequest, course_id: int) -> HttpResponse:
    """Change the status of the chosen students of a course, after a question."""
    page = managed_course(request, course_id)
    back = f"{reverse('teaching_course', args=(page.pk,))}?{request.META['QUERY_STRING']}"
    ids = parse_ids(request.POST.getlist("enrollment"))
    after = request.POST.get("after", "")
    if after not in Status.values or not ids:
        messages.error(request, _("Choose students and what is to become of them."))
        return redirect(back)
    # ids come from the form: those of other courses are left out (promise 6)
    own = Enrollment.objects.filter(pk__in=ids, course=page)
    reason = request.POST.get("reason", "")
    # the first POST only shows the question with the effect of the change
    if "confirmed" not in request.POST:
        named = list(own.select_related("user")[:NAMED])
        context = {
            "course": page,
            "after": Status(after),
            "effect": EFFECTS.get(Status(after), ""),
            "reason": reason,
            "ids": list(own.values_list("pk", flat=True)),
            "named": named,
            "more": max(0, own.count() - len(named)),
            "back": back,
        }
        return render(request, "teaching/confirm_status.html", context)
    user = request.user
    outcome = actions.change_statuses(
        enrollment_ids=own.values_list("pk", flat=True), after=Status(after), actor=user, reason=reason
    )
    if outcome.changed:
        remember(request, outcome.changes)
        link = format_html('<a href="{}">{}</a>', reverse("teaching_undo", args=(page.pk,)), _("Undo"))
        messages.success(request, format_html("{} {}", _("Changed: %(n)s.") % {"n": outcome.changed}, link))
    for refusal in sorted(set(outcome.refused.values())):
        messages.error(request, refusal)
    return redirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def undo_status(request: PersonRequest, course_id: int) -> HttpResponse:
    """Ask whether to undo the last change of status by this user; on POST undo it."""
    page = managed_course(request, course_id)
    user = request.user
    back = reverse("teaching_course", args=(page.pk,))
    if request.method == "POST":
        outcome = undo(change_ids=remembered(request), actor=user)
        remember(request, [])
        for refusal in sorted(set(outcome.refused.values())):
            messages.error(request, refusal)
        messages.success(request, _("Undone: %(n)s.") % {"n": outcome.changed})
        return redirect(back)
    changes = undoable(user, remembered(request)).select_related("enrollment__user")
    found = list(changes[:NAMED])
    context = {"course": page, "changes": found, "more": max(0, changes.count() - len(found)), "back": back}
    return render(request, "teaching/undo_status.html", context)


@require_safe
@login_required
def student(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show one student in the courses that the user manages, with progress and history."""
    staff: Any = request.user
    # a teacher sees a student only in their own courses (promise 6); without one, 404 as for nobody (promise 5)
    rows = Enrollment.objects.filter(user_id=user_id, course__in=managed_courses(staff))
    enrollments = list(rows.select_related("user", "group", "course").order_by("-changed_at")[:PER_PAGE])
    if not enrollments:
        raise Http404
    person: User = enrollments[0].user
    follows = [follow(enrollment.course, [enrollment])[0] for enrollment in enrollments]
    history = StatusChange.objects.filter(enrollment__in=enrollments).select_related("actor", "enrollment__course")
    context = {
        "person": person,
        "follows": [(f, staff_choices(Status(f.enrollment.status))) for f in follows],
        "history": history.order_by("-at", "-pk")[:HISTORY_SHOWN],
    }
    return render(request, "teaching/student.html", context)

"""Views that are not Wagtail pages: the dashboard, the search, health checks."""

from typing import Any

from django.contrib.auth.decorators import login_required, user_passes_test
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from chat.models import Room
from chat.web.shown import sample_talk
from home.front import first_to_continue, last_read_first
from home.search import search as search_school
from learning.accounts.requests import PersonRequest
from learning.courses.blocks import LessonBody
from learning.courses.catalogue import card_queryset
from learning.courses.models import CatalogPage, CoursePage, ModulePage
from learning.enrollment.counting import progress_of
from learning.enrollment.models import Audience, Beginning, Enrollment, FormerCourse, Opening
from learning.enrollment.rights import Right, courses_with
from learning.enrollment.statuses import PENDING, READING, Status

PER_PAGE = 24
TAUGHT_SHOWN = 24
FORMER_SHOWN = 50
OPENINGS_SHOWN = 3


@require_safe
@login_required
def dashboard(request: PersonRequest) -> HttpResponse:
    """Show a person's courses: first the one to continue, then those that wait for an answer, then the rest."""
    user = request.user
    mine = last_read_first(user).select_related("course__cover", "group")
    mine = mine.annotate(has_former=Exists(_former_of(user)))
    page = _page_of(mine, request.GET.get("page"))
    enrollments = list(page)
    groups = {e.course_id: e.group_id for e in enrollments if e.status in READING}
    progress = progress_of(user, [enrollment.course for enrollment in enrollments], groups)
    rows = [{"enrollment": e, "course": e.course, "progress": progress[e.course_id]} for e in enrollments]
    first = first_to_continue(enrollments, progress) if page.number == 1 else None
    has_more = page.has_other_pages()
    reading = [row for row in rows if row["enrollment"].status == Status.ACTIVE]
    completed = [row for row in rows if row["enrollment"].status == Status.COMPLETED]
    teaches = user.has_perm("accounts.teach")
    context = {
        "page_obj": page,
        "first": first,
        "reading": [row for row in reading if first is None or row["enrollment"] != first.enrollment],
        "pending": [row for row in rows if row["enrollment"].status in PENDING],
        "completed": completed,
        # a single page has all of them, so it needs no query
        "completed_count": mine.filter(status=Status.COMPLETED).count() if has_more else len(completed),
        "other": [row for row in rows if row["enrollment"].status not in READING | PENDING],
        # modules open for study groups: without one, nothing is asked
        "opens_next": _opens_next(user) if has_more or any(groups.values()) else [],
        "former": _former(user) if not enrollments or enrollments[0].has_former else [],
        "looks_after": user.has_perm("enrollment.change_enrollment"),
        "taught": courses_with(user, Right.WRITE).order_by("title")[:TAUGHT_SHOWN] if teaches else [],
    }
    return render(request, "home/dashboard.html", context)


def _page_of(rows: QuerySet[Enrollment], asked: str | None) -> Any:
    """A page of a person's enrolments; where the first page has all of them they are not counted by a query."""
    if asked in {None, "", "1"}:
        first = list(rows[: PER_PAGE + 1])
        if len(first) <= PER_PAGE:
            return Paginator(first, PER_PAGE).get_page(1)
    return Paginator(rows, PER_PAGE).get_page(asked)


def _opens_next(user: Any) -> list[dict[str, Any]]:
    """Return the next modules that open for the person's study groups, soonest first; one query, or two.

    Modules for other groups are left out, and those that the person began before their opening was set.
    """
    groups = Enrollment.objects.filter(user=user, status=Status.ACTIVE, course__live=True).values("group_id")
    coming = Opening.objects.filter(group_id__in=groups, opens_at__gt=timezone.now()).select_related("group__course")
    marked = Audience.objects.filter(page_id=OuterRef("module_id"))
    coming = coming.filter(~Exists(marked) | Exists(marked.filter(group_id=OuterRef("group_id"))))
    coming = coming.exclude(module_id__in=Beginning.objects.filter(user=user).values("module_id"))
    rows = list(coming.order_by("opens_at")[:OPENINGS_SHOWN])
    modules = ModulePage.objects.live().in_bulk([row.module_id for row in rows]) if rows else {}
    return [
        {"module": modules[row.module_id], "course": row.group.course, "opens_at": row.opens_at}
        for row in rows
        if row.module_id in modules
    ]


def _former_of(user: Any) -> QuerySet[Enrollment]:
    """A person's completed enrolments in courses that are deleted or no longer published."""
    published = CoursePage.objects.live().filter(pk=OuterRef("course_id"))  # not `__in`: it would read all courses
    return Enrollment.objects.filter(~Exists(published), user=user, status=Status.COMPLETED)


def _former(user: Any) -> list[dict[str, Any]]:
    """Return the completed courses that are deleted or no longer published; each is one line without lessons."""
    gone = _former_of(user).order_by("-completed_at", "-pk")
    rows = list(gone.values_list("course_id", "completed_at")[:FORMER_SHOWN])
    if not rows:
        return []
    ids = [course_id for course_id, _at in rows]
    known = {**FormerCourse.objects.in_bulk(ids), **CoursePage.objects.only("title", "language").in_bulk(ids)}
    return [{"course": known.get(course_id), "completed_at": at} for course_id, at in rows]


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")
    return render(request, "home/search.html", {"query": query[:200], "hits": search_school(request.user, query)})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process is alive, without asking the database or Redis."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@user_passes_test(lambda user: user.is_authenticated and user.is_staff_member)
def styleguide(request: PersonRequest) -> HttpResponse:
    """Every component in its states, for those who work on the school."""
    user = request.user
    catalog = CatalogPage.objects.live().first()
    courses = list(card_queryset(catalog)[:3]) if catalog else []
    samples = [block for block in LessonBody().child_blocks.values() if hasattr(block.meta, "preview_value")]
    context = {
        "courses": courses,
        "enrollments": [Enrollment(status=status) for status in Status],
        "talk": sample_talk(user),
        "talk_room": Room(pk=1),
        "blocks": [block.render(block.get_preview_value()) for block in samples],
    }
    return render(request, "home/styleguide.html", context)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Disallow: /cms/", "Disallow: /me/", "Disallow: /accounts/", "Disallow: /search/"]
    lines.append(f"Sitemap: {request.build_absolute_uri('/sitemap.xml')}")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")

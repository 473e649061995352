"""The page “Rights”: roles × rights in words, in the whole school and in one course."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from learning.accounts.rights import change_rights, create_role, delete_role, is_custom_role, rights_table
from learning.accounts.roles import RIGHTS, role_label
from learning.base.numbers import parse_id
from learning.base.screens import header
from learning.courses.models import CoursePage
from learning.enrollment.models import CourseRight
from learning.enrollment.rights import change_course_rights

COURSES_OFFERED = 100


def rights(request: HttpRequest) -> HttpResponse:
    """Show and change what roles may do; with `course` in the address, in one course."""
    staff: Any = request.user
    if not staff.has_right("change_rights"):
        raise PermissionDenied
    course_id = parse_id(request.GET.get("course"))
    course = get_object_or_404(CoursePage, pk=course_id) if course_id else None
    groups: list[Any] = list(Group.objects.annotate(people=Count("user")).order_by("pk"))
    if request.method == "POST":
        return _changed(request, staff, groups, course)
    table = rights_table(staff, groups)
    if course:
        codes: list[tuple[str, Any]] = list(CourseRight.Right.choices)
        held: dict[int, set[str]] = {group.pk: set() for group in groups}
        for role_id, right in CourseRight.objects.filter(course=course).values_list("role_id", "right"):
            held[role_id].add(right)
    else:
        codes = [(code, right.label) for code, right in RIGHTS.items()]
        held = {pk: set(found) for pk, found in table.of_groups.items()}

    def may_set(group: Group, code: str) -> bool:
        return group.pk in table.changeable and code in table.own

    title = _("Rights")
    context = {
        "course": course,
        "courses": CoursePage.objects.order_by("title").only("title")[:COURSES_OFFERED],
        "groups": [
            {
                "group": group,
                "label": role_label(group.name),
                "own_making": is_custom_role(group),
                "open": group.pk in table.changeable,
            }
            for group in groups
        ],
        **(header(course.title, icon="key", below=("rights", title)) if course else header(title, icon="key")),
        "rows": [
            (label, [(group, code, code in held[group.pk], may_set(group, code)) for group in groups])
            for code, label in codes
        ],
    }
    return render(request, "teaching/cms/rights.html", context)


def _changed(request: HttpRequest, staff: Any, groups: list[Group], course: CoursePage | None) -> HttpResponse:
    here = reverse("rights") + (f"?course={course.pk}" if course else "")
    if "new" in request.POST:
        _make(request, staff)
        return redirect(here)
    if "delete" in request.POST:
        _delete(request, staff, groups)
        return redirect(here)
    codes = set(CourseRight.Right.values) if course else set(RIGHTS)
    try:
        with transaction.atomic():
            for group in groups:
                # a role that was not on the page, or could not be changed there, has no ticked boxes: without this mark
                # it would lose all its rights
                if f"shown-{group.pk}" not in request.POST:
                    continue
                wanted = {code for code in codes if f"{group.pk}-{code}" in request.POST}
                if course:
                    # the actions check the actor's rights again: disabled boxes stop nobody (promise 7)
                    change_course_rights(group=group, course=course, codes=wanted, actor=staff)
                else:
                    change_rights(group=group, codes=wanted, actor=staff)
    except PermissionDenied:
        messages.error(
            request,
            _("Nothing was changed: nobody gives rights that they do not have, or changes those of their own role."),
        )
    else:
        messages.success(request, _("Rights are saved."))
    return redirect(here)


def _make(request: HttpRequest, staff: Any) -> None:
    try:
        group = create_role(name=request.POST.get("name", ""), actor=staff)
    except ValidationError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The role “%(name)s” is created. Now give it rights.") % {"name": group.name})


def _delete(request: HttpRequest, staff: Any, groups: list[Group]) -> None:
    # compared as text, so that a value that is no number is just not found (promise 32)
    group = next((group for group in groups if str(group.pk) == request.POST["delete"]), None)
    if group is None:
        raise Http404
    try:
        delete_role(group=group, actor=staff)
    except ValidationError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The role “%(name)s” is deleted.") % {"name": group.name})

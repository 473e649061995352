"""The CMS home: courses, drafts and tasks of the current user."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from wagtail.admin.ui.components import Component
from wagtail.models import Page, PageLogEntry
from wagtail.permissions import policy_registry

from learning.courses.models import CatalogPage, CoursePage

SHOWN = 12
CHANGES_SHOWN = 8
TOLD = ("wagtail.create", "wagtail.edit", "wagtail.publish", "wagtail.unpublish", "wagtail.move", "wagtail.reorder")


def permission_policy() -> Any:
    return policy_registry.get_by_type(Page)


def courses_of(user: Any) -> list[CoursePage]:
    """Courses that the person may write, those last changed first, with the number of unpublished pages below."""
    own = permission_policy().instances_user_has_any_permission_for(user, {"change", "publish"})
    courses = list(CoursePage.objects.filter(pk__in=own.values("pk")).order_by("-latest_revision_created_at")[:SHOWN])
    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path, depth__gt=course.depth)
    # without courses `below` is an empty Q: the waiting pages of the whole school would be counted
    rows = (
        Page.objects.filter(below, Q(live=False) | Q(has_unpublished_changes=True)) if courses else Page.objects.none()
    )
    # courses are at one depth of the tree (home page, catalogue, course), so all their paths have one length
    counts = Counter(path[: len(courses[0].path)] for path in rows.values_list("path", flat=True))
    for course in courses:
        course.changed = counts[course.path]
    return courses


class CoursesPanel(Component):
    name = "my_courses"
    template_name = "home/cms/courses_panel.html"
    order = 100

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = (parent_context or {})["request"]
        catalog = CatalogPage.objects.order_by("path").first()
        url = None
        if catalog is not None and catalog.permissions_for_user(request.user).can_add_subpage():
            url = reverse("wagtailadmin_pages:add", args=("courses", "coursepage", catalog.pk))
        return {"courses": courses_of(request.user), "new_course_url": url}


class ChangesPanel(Component):
    """The latest changes by anyone to pages that this person may see; Wagtail's own list has only their edits."""

    name = "latest_changes"
    template_name = "home/cms/changes_panel.html"
    order = 260

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        user = (parent_context or {})["request"].user
        # the titles of pages that the explorer does not show must not be listed here either (promise 6)
        seen = permission_policy().explorable_instances(user).values("pk")
        entries = PageLogEntry.objects.filter(page_id__in=seen, action__in=TOLD).select_related("user", "page")
        return {"changes": list(entries.order_by("-timestamp")[:CHANGES_SHOWN])}


def put_courses_first(request: HttpRequest, panels: list[Any]) -> None:
    """`construct_homepage_panels`: one's courses before Wagtail's lists of tasks, locks and edits."""
    panels.insert(0, CoursesPanel())
    panels.append(ChangesPanel())


def own_colours() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("css/cms.css"))

"""Study groups in the CMS."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, ObjectList
from wagtail_modeladmin.helpers import ButtonHelper, PermissionHelper
from wagtail_modeladmin.options import ModelAdmin

from learning.accounts.models import User
from learning.base.numbers import parse_id
from learning.enrollment.groups import taught_by
from learning.enrollment.models import StudyGroup
from learning.enrollment.rights import managed_courses, manages_course, manages_everything
from learning.teaching.admin.forms import StudyGroupForm

COURSES_IN_FILTER = 50


class ManagedCoursePermission(PermissionHelper):
    """Allow changes to objects of a course only to people who manage that course (promise 6)."""

    def user_can_edit_obj(self, user: User, obj: Any) -> bool:
        return super().user_can_edit_obj(user, obj) and manages_course(user, obj.course_id)

    def user_can_delete_obj(self, user: User, obj: Any) -> bool:
        return super().user_can_delete_obj(user, obj) and manages_course(user, obj.course_id)


class CourseFilter(SimpleListFilter):
    title = _("course")
    parameter_name = "course"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        courses = managed_courses(request.user).order_by("title").values_list("pk", "title")
        return [(str(pk), title) for pk, title in courses[:COURSES_IN_FILTER]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        course_id = parse_id(self.value())
        return queryset.filter(course_id=course_id) if course_id is not None else queryset


class ManagedCourseAdmin(ModelAdmin):
    permission_helper_class = ManagedCoursePermission
    list_per_page = 50
    history_view_enabled = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if not manages_everything(request.user):
            rows = rows.filter(course_id__in=managed_courses(request.user).values("pk"))
        # rows outlive their course, as the foreign key has no constraint; the join drops those of deleted courses
        return rows.filter(course__live__isnull=False)


class StudyGroupPermission(ManagedCoursePermission):
    def user_can_delete_obj(self, user: User, obj: Any) -> bool:
        """Return False: a group is deleted on its own page, which tells what happens to its content."""
        return False


class StudyGroupButtons(ButtonHelper):
    def get_buttons_for_obj(self, obj: StudyGroup, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        places = (
            (reverse("teaching_groups", args=(obj.course_id,)), gettext("Students")),
            (reverse("teaching_openings", args=(obj.pk,)), gettext("What opens when")),
        )
        own = [
            {"url": url, "label": label, "title": label, "classname": "button button-small button-secondary"}
            for url, label in places
        ]
        return [*super().get_buttons_for_obj(obj, *args, **kwargs), *own]


class StudyGroupAdmin(ManagedCourseAdmin):
    model = StudyGroup
    permission_helper_class = StudyGroupPermission
    menu_label = _("Study groups")
    menu_icon = "group"
    list_filter = (CourseFilter,)
    search_fields = ("name", "course__title")
    list_display = ("name", "course_title", "taught_by", "starts_at", "ends_at", "places")
    edit_handler = ObjectList(
        [
            FieldPanel("course"),
            FieldPanel("name"),
            FieldPanel("teachers"),
            FieldPanel("capacity"),
            FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
            FieldPanel("note"),
        ],
        base_form_class=StudyGroupForm,
    )
    button_helper_class = StudyGroupButtons

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudyGroup]:
        rows: Any = super().get_queryset(request).select_related("course")
        rows = rows.with_members()
        return rows.prefetch_related("teachers", "course__team__person")

    def taught_by(self, obj: StudyGroup) -> str:
        return taught_by(obj)

    taught_by.short_description = _("Teachers")  # type: ignore[attr-defined]

    def places(self, obj: Any) -> str:
        return f"{obj.members} / {obj.capacity}" if obj.capacity else str(obj.members)

    places.short_description = _("Students")  # type: ignore[attr-defined]

    def course_title(self, obj: StudyGroup) -> str:
        return obj.course.title

    course_title.short_description = _("Course")  # type: ignore[attr-defined]

"""The CMS section “Learning”: enrolments, study groups, invitations."""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail_modeladmin.helpers import ButtonHelper, PermissionHelper
from wagtail_modeladmin.options import ModelAdmin, ModelAdminGroup
from wagtail_modeladmin.views import CreateView

from learning.accounts.models import User
from learning.enrollment import actions
from learning.enrollment.forms import (
    EnrollmentCreateForm,
    EnrollmentEditForm,
    InvitationForm,
    StatusForm,
    StudyGroupForm,
)
from learning.enrollment.models import Enrollment, Invitation, StudyGroup
from learning.enrollment.policies import managed_courses, manages_course, manages_everything
from learning.enrollment.statuses import Status, staff_choices

COURSES_IN_FILTER = 50


class ManagedCoursePermission(PermissionHelper):
    """Rights on what belongs to a course: for those who look after that course."""

    def user_can_edit_obj(self, user: User, obj: Any) -> bool:
        return super().user_can_edit_obj(user, obj) and manages_course(user, obj.course_id)

    def user_can_delete_obj(self, user: User, obj: Any) -> bool:
        return super().user_can_delete_obj(user, obj) and manages_course(user, obj.course_id)


class EnrollmentPermission(ManagedCoursePermission):
    def user_can_delete_obj(self, user: User, obj: Any) -> bool:
        """An enrolment stays for good; its status changes."""
        return False


class CourseFilter(SimpleListFilter):
    title = _("course")
    parameter_name = "course"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        courses = managed_courses(request.user).order_by("title").values_list("pk", "title")
        return [(str(pk), title) for pk, title in courses[:COURSES_IN_FILTER]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(course_id=int(value)) if value and value.isdecimal() and len(value) < 18 else queryset


class OfManagedCourses(ModelAdmin):
    permission_helper_class = ManagedCoursePermission
    list_per_page = 50
    history_view_enabled = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if not manages_everything(request.user):
            rows = rows.filter(course_id__in=managed_courses(request.user).values("pk"))
        return rows.filter(course__live__isnull=False)


class EnrollmentButtons(ButtonHelper):
    def get_buttons_for_obj(self, obj: Enrollment, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        buttons = super().get_buttons_for_obj(obj, *args, **kwargs)
        verbs = {
            Status.ACTIVE: gettext("Approve") if obj.status == Status.REQUESTED else gettext("Make active"),
            Status.DECLINED: gettext("Decline"),
            Status.PAUSED: gettext("Pause"),
            Status.REMOVED: gettext("Remove"),
            Status.COMPLETED: gettext("Mark completed"),
        }
        address = reverse("enrollment_status", args=(obj.pk,))
        for after in staff_choices(Status(obj.status)):
            buttons.append(
                {
                    "url": f"{address}?after={after.value}",
                    "label": verbs[after],
                    "classname": "button button-small button-secondary",
                    "title": verbs[after],
                }
            )
        return buttons


class EnrollmentCreateView(CreateView):
    def get_edit_handler(self) -> Any:
        panels = [FieldPanel("course"), FieldPanel("email"), FieldPanel("reason")]
        return ObjectList(panels, base_form_class=EnrollmentCreateForm).bind_to_model(Enrollment)


class EnrollmentAdmin(OfManagedCourses):
    model = Enrollment
    menu_label = _("Enrolments")
    menu_icon = "tasks"
    permission_helper_class = EnrollmentPermission
    button_helper_class = EnrollmentButtons
    create_view_class = EnrollmentCreateView
    list_display = ("student", "course_title", "status_label", "group", "changed_at", "last_read_at")
    list_filter = ("status", CourseFilter)
    search_fields = ("user__display_name", "user__email", "course__title")
    list_select_related: ClassVar = ["user", "course", "group"]
    ordering = ("-pk",)
    edit_handler = ObjectList([FieldPanel("group")], base_form_class=EnrollmentEditForm)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Enrollment]:
        return super().get_queryset(request).select_related("user", "course", "group")

    def student(self, obj: Enrollment) -> str:
        name = obj.user.get_full_name()
        return name if obj.user.anonymised_at else f"{name} · {obj.user.email}"

    student.short_description = _("Student")  # type: ignore[attr-defined]
    student.admin_order_field = "user__display_name"  # type: ignore[attr-defined]

    def course_title(self, obj: Enrollment) -> str:
        return obj.course.title

    course_title.short_description = _("Course")  # type: ignore[attr-defined]

    def status_label(self, obj: Enrollment) -> str:
        return obj.get_status_display()

    status_label.short_description = _("Status")  # type: ignore[attr-defined]
    status_label.admin_order_field = "status"  # type: ignore[attr-defined]

    def get_admin_urls_for_registration(self) -> tuple[Any, ...]:
        return (
            *super().get_admin_urls_for_registration(),
            path("enrollment/<int:pk>/status/", change_status, name="enrollment_status"),
        )


class StudyGroupAdmin(OfManagedCourses):
    model = StudyGroup
    menu_label = _("Study groups")
    menu_icon = "group"
    list_display = ("name", "course_title")
    list_filter = (CourseFilter,)
    search_fields = ("name", "course__title")
    edit_handler = ObjectList(
        [FieldPanel("course"), FieldPanel("name"), FieldPanel("teachers")], base_form_class=StudyGroupForm
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudyGroup]:
        return super().get_queryset(request).select_related("course")

    def course_title(self, obj: StudyGroup) -> str:
        return obj.course.title

    course_title.short_description = _("Course")  # type: ignore[attr-defined]


class InvitationAdmin(OfManagedCourses):
    model = Invitation
    menu_label = _("Invitations")
    menu_icon = "mail"
    list_display = ("email", "course_title", "created_at")
    list_filter = (CourseFilter,)
    search_fields = ("email", "course__title")
    edit_handler = ObjectList([FieldPanel("course"), FieldPanel("email")], base_form_class=InvitationForm)

    class Permission(ManagedCoursePermission):
        def user_can_edit_obj(self, user: User, obj: Any) -> bool:
            """An invitation has gone out; it can be taken back, not rewritten."""
            return False

    permission_helper_class = Permission

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return super().get_queryset(request).select_related("course")

    def course_title(self, obj: Invitation) -> str:
        return obj.course.title

    course_title.short_description = _("Course")  # type: ignore[attr-defined]


class LearningGroup(ModelAdminGroup):
    menu_label = _("Learning")
    menu_icon = "group"
    menu_order = 150
    items = (EnrollmentAdmin, StudyGroupAdmin, InvitationAdmin)


def change_status(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of the CMS that changes one enrolment's status and shows its history."""
    enrollment = get_object_or_404(Enrollment.objects.select_related("user", "course"), pk=pk)
    staff: Any = request.user
    if not staff.has_perm("enrollment.change_enrollment") or not manages_course(staff, enrollment.course_id):
        raise Http404
    initial = {"after": request.GET.get("after", "")}
    form = StatusForm(request.POST or None, enrollment=enrollment, initial=initial)
    if request.method == "POST" and form.is_valid():
        after = Status(form.cleaned_data["after"])
        try:
            actions.change_status(enrollment=enrollment, after=after, actor=staff, reason=form.cleaned_data["reason"])
        except actions.EnrollmentError as error:
            form.add_error(None, str(error))
        else:
            said = gettext("%(person)s is now “%(status)s” in “%(course)s”.")
            facts = {"person": enrollment.user, "status": after.label, "course": enrollment.course.title}
            messages.success(request, said % facts)
            return redirect(EnrollmentAdmin().url_helper.index_url)
    context = {
        "enrollment": enrollment,
        "form": form,
        "history": enrollment.history.select_related("actor"),
        "back": EnrollmentAdmin().url_helper.index_url,
    }
    return render(request, "enrollment/cms/status.html", context, status=422 if form.errors else 200)

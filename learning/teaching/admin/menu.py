"""The menu “Learning” of the CMS. Higher apps add their screens to it by the hook `register_learning_menu_item`."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button
from wagtail.models import Page
from wagtail_modeladmin.options import ModelAdminGroup

from learning.base.menu import ScreenMenuItem, has_permission
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.rights import manages_course
from learning.teaching.admin.groups import StudyGroupAdmin

# label, address, permission to see it, icon, place; the study groups of modeladmin come after the enrolments
SCREENS = (
    (_("Enrolments"), "enrollments:index", "enrollment.change_enrollment", "tasks", 0),
    (_("Invitations"), "invitations:index", "enrollment.view_invitation", "mail", 5),
    (_("Follow students"), "teaching", "enrollment.change_enrollment", "view", 10),
    (_("People"), "wagtailusers_users:index", "accounts.change_user", "user", 20),
    (_("Rights"), "rights", "accounts.change_rights", "key", 40),
    (_("Audit log"), "audit:index", "accounts.view_auditentry", "history", 60),
)


class LearningGroup(ModelAdminGroup):
    menu_label = _("Learning")
    menu_icon = "group"
    menu_order = 150
    items = (StudyGroupAdmin,)

    def get_submenu_items(self) -> list[MenuItem]:
        own = [
            ScreenMenuItem(
                label,
                reverse_lazy(address),
                shown_to=has_permission(permission),
                name=address.partition(":")[0],
                icon_name=icon,
                order=order,
            )
            for label, address, permission, icon, order in SCREENS
        ]
        return [
            *own,
            *super().get_submenu_items(),
            *(make() for make in hooks.get_hooks("register_learning_menu_item")),
        ]


def page_buttons(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """Buttons from a CMS page to its students and to the groups that see it, for people who manage the course."""
    page = page.specific
    if isinstance(page, CoursePage) and manages_course(user, page.pk):
        yield Button(
            _("Students and groups"), reverse("teaching_course", args=(page.pk,)), icon_name="group", priority=5
        )
    elif isinstance(page, ModulePage | LessonPage) and page.pk and manages_course(user, page.course.pk):
        yield Button(_("Who sees it"), reverse("teaching_audience", args=(page.pk,)), icon_name="view", priority=5)

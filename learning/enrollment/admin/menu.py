"""The menu “Learning” of the CMS. Higher apps add their screens to it by the hook `register_learning_menu_item`."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button
from wagtail.models import Page
from wagtail_modeladmin.options import ModelAdminGroup

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.admin.groups import StudyGroupAdmin
from learning.enrollment.policies import manages_course


class ScreenMenuItem(MenuItem):
    """A screen, for those whom `shown_to` lets in."""

    def __init__(self, label: Any, url: Any, *, shown_to: Callable[[Any], bool], **kwargs: Any) -> None:
        super().__init__(label, url, **kwargs)
        self.shown_to = shown_to

    def is_shown(self, request: HttpRequest) -> bool:
        return self.shown_to(request.user)


class LearningGroup(ModelAdminGroup):
    menu_label = _("Learning")
    menu_icon = "group"
    menu_order = 150
    items = (StudyGroupAdmin,)

    def get_submenu_items(self) -> list[MenuItem]:
        def looks_after(user: Any) -> bool:
            return user.has_perm("enrollment.change_enrollment")

        own = [
            ScreenMenuItem(
                _("Enrolments"),
                reverse_lazy("enrollments:index"),
                shown_to=looks_after,
                name="enrollments",
                icon_name="tasks",
                order=0,
            ),
            *super().get_submenu_items(),
            ScreenMenuItem(
                _("Invitations"),
                reverse_lazy("invitations:index"),
                shown_to=lambda user: user.has_perm("enrollment.view_invitation"),
                name="invitations",
                icon_name="mail",
                order=5,
            ),
            ScreenMenuItem(
                _("Follow students"),
                reverse_lazy("teaching"),
                shown_to=looks_after,
                name="following",
                icon_name="view",
                order=10,
            ),
            ScreenMenuItem(
                _("People"),
                reverse_lazy("wagtailusers_users:index"),
                shown_to=lambda user: user.has_perm("accounts.change_user"),
                name="learning-people",
                icon_name="user",
                order=20,
            ),
            ScreenMenuItem(
                _("Rights"),
                reverse_lazy("rights"),
                shown_to=lambda user: user.has_perm("accounts.change_rights"),
                name="rights",
                icon_name="key",
                order=40,
            ),
            ScreenMenuItem(
                _("Audit log"),
                reverse_lazy("audit:index"),
                shown_to=lambda user: user.has_perm("accounts.view_auditentry"),
                name="audit",
                icon_name="history",
                order=60,
            ),
        ]
        return [*own, *(make() for make in hooks.get_hooks("register_learning_menu_item"))]


def page_buttons(page: Page, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """From a page of the CMS to its students, or to who of them sees it; for those who look after them."""
    page = page.specific
    if isinstance(page, CoursePage) and manages_course(user, page.pk):
        yield Button(
            _("Students and groups"), reverse("teaching_course", args=(page.pk,)), icon_name="group", priority=5
        )
    elif isinstance(page, ModulePage | LessonPage) and page.pk and manages_course(user, page.course.pk):
        yield Button(_("Who sees it"), reverse("teaching_audience", args=(page.pk,)), icon_name="view", priority=5)

"""Invitations in the CMS: a list with search and filter; bulk actions send them again or withdraw them."""

from typing import Any, ClassVar

import django_filters
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic import CreateView

from learning.base.bulk import ManagedBulkAction
from learning.base.lists import AddOnlyViewSet, ManagedIndexView
from learning.enrollment.invitations import resend_invitations, withdraw_invitations
from learning.enrollment.models import Invitation
from learning.enrollment.rights import managed_courses, manages_everything
from learning.teaching.admin.forms import InvitationForm
from learning.teaching.filters import course_choices


def managed_invitations(user: Any) -> QuerySet[Invitation]:
    """Return the invitations that a person may see and send, to courses that still exist."""
    rows = Invitation.objects.with_accepted().filter(course__live__isnull=False).select_related("course")
    return rows if manages_everything(user) else rows.filter(course_id__in=managed_courses(user).values("pk"))


def searched(rows: QuerySet[Invitation], words: str) -> QuerySet[Invitation]:
    for word in words.replace("\x00", "").split()[:6]:
        rows = rows.filter(Q(email__icontains=word) | Q(name__icontains=word) | Q(course__title__icontains=word))
    return rows


class InvitationFilter(WagtailFilterSet):
    course = django_filters.ChoiceFilter(label=_("Course"), field_name="course_id")

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["course"].extra["choices"] = course_choices(self.request.user, str(self.data.get("course", "")))


class InvitationIndexView(ManagedIndexView):
    filterset_class = InvitationFilter

    @cached_property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="invitation"),
            title("email", label=_("E-mail"), accessor="email", sort_key="email", get_url=lambda row: None),
            Column("name", label=_("Name"), accessor=lambda row: row.name or "–"),
            Column("course", label=_("Course"), accessor=lambda row: row.course.title),
            DateColumn("created_at", label=_("Invited"), sort_key="created_at"),
            DateColumn("told_at", label=_("Mail sent"), sort_key="told_at"),
            Column("accepted", label=_("Enrolled"), accessor=lambda row: gettext("yes") if row.accepted else "–"),
        ]

    def get_base_queryset(self) -> QuerySet[Invitation]:
        return managed_invitations(self.request.user)

    def search_queryset(self, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        return searched(queryset, self.search_query) if self.is_searching else queryset


class InvitationCreateView(CreateView):
    def get_success_message(self, instance: Invitation) -> str:
        return gettext("%(email)s is invited into “%(course)s”.") % {
            "email": instance.email,
            "course": instance.course.title,
        }

    def get_success_buttons(self) -> list[Any]:
        return []


class InvitationViewSet(AddOnlyViewSet):
    model = Invitation
    icon = "mail"
    menu_label = _("Invitations")
    url_prefix = "enrollment/invitation"
    url_namespace = "invitations"
    index_view_class = InvitationIndexView
    add_view_class = InvitationCreateView
    filterset_class = InvitationFilter
    add_path = "create/"
    create_edit_handler = ObjectList([FieldPanel("course"), FieldPanel("email")], base_form_class=InvitationForm)


class InvitationBulkAction(ManagedBulkAction):
    models: ClassVar = [Invitation]
    icon_name = "mail"
    permission = ""

    def managed(self) -> QuerySet[Invitation]:
        # Wagtail checks no permission for a bulk action: without this, whoever sees the list could act on its rows
        allowed = self.request.user.has_perm(self.permission)
        return managed_invitations(self.request.user) if allowed else Invitation.objects.none()

    def listed(self, asked: QueryDict) -> QuerySet[Invitation]:
        filters = InvitationFilter(asked, queryset=self.managed(), request=self.request)
        return searched(filters.qs, asked.get("q", "")) if filters.is_valid() else Invitation.objects.none()

    def named(self, row: Invitation) -> str:
        return f"{row.email} · {row.course.title}"


class SendAgain(InvitationBulkAction):
    display_name = _("Send again")
    action_type = "send_again"
    aria_label = _("Send the chosen invitations again")
    action_priority = 10
    permission = "enrollment.add_invitation"

    @classmethod
    def execute_action(cls, objects: list[Invitation], request: HttpRequest, **kwargs: Any) -> tuple[int, int]:
        staff: Any = request.user
        sent = resend_invitations(ids=[row.pk for row in objects], actor=staff)
        if sent < len(objects):
            count = len(objects) - sent
            said = ngettext(
                "%(n)s is not sent again: sent in the last ten minutes, or the person has enrolled.",
                "%(n)s are not sent again: sent in the last ten minutes, or the people have enrolled.",
                count,
            )
            messages.warning(request, said % {"n": count})
        return sent, 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Invitations on their way: %(n)s.") % {"n": num_parent_objects}


class WithdrawInvitations(InvitationBulkAction):
    display_name = _("Withdraw")
    action_type = "take_back"
    aria_label = _("Withdraw the chosen invitations")
    action_priority = 20
    classes: ClassVar = {"serious"}
    permission = "enrollment.delete_invitation"

    @classmethod
    def execute_action(cls, objects: list[Invitation], request: HttpRequest, **kwargs: Any) -> tuple[int, int]:
        staff: Any = request.user
        return withdraw_invitations(ids=[row.pk for row in objects], actor=staff), 0

    def get_success_message(self, num_parent_objects: int, num_child_objects: int) -> str:
        return gettext("Invitations withdrawn: %(n)s.") % {"n": num_parent_objects}


INVITATION_ACTIONS = (SendAgain, WithdrawInvitations)
invitations = InvitationViewSet("invitations")

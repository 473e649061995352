"""The CMS screens about people."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import BooleanColumn, BulkActionsCheckboxColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic.chooser import ChooseResultsView, ChooseView
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.users.views.bulk_actions.assign_role import AssignRoleBulkAction
from wagtail.users.views.bulk_actions.delete import DeleteBulkAction
from wagtail.users.views.users import DeleteView, EditView, IndexView, UserViewSet

from learning.accounts.actions import anonymise
from learning.accounts.forms import PersonCreationForm, PersonEditForm
from learning.accounts.models import User


class PersonIndexView(IndexView):
    @cached_property
    def columns(self) -> list[Column]:
        title = self._get_title_column_class(TitleColumn)
        return [
            BulkActionsCheckboxColumn("bulk_actions", obj_type="user"),
            title(
                "display_name",
                label=_("Name"),
                accessor="get_full_name",
                sort_key="display_name",
                get_url=self.get_edit_url,
            ),
            Column("email", label=_("E-mail"), sort_key="email"),
            Column("roles", label=_("Roles"), accessor=lambda person: ", ".join(g.name for g in person.groups.all())),
            BooleanColumn("is_active", label=_("Active"), sort_key="is_active"),
            DateColumn("last_login", label=_("Last log-in"), sort_key="last_login"),
        ]

    @property
    def search_fields(self) -> set[str]:
        return {"display_name", "email"}

    def get_base_queryset(self) -> QuerySet[User]:
        return super().get_base_queryset().filter(anonymised_at=None).prefetch_related("groups")


class PersonEditView(EditView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who is not a superuser may not touch one: that would be a way to become one (promise 7)."""
        if self.object.is_superuser and not request.user.is_superuser:
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class PersonDeleteView(DeleteView):
    """Deleting a person takes away who they are and keeps what others see."""

    @property
    def confirmation_message(self) -> str:
        return str(
            _(
                "Name, e-mail, picture, roles and log-in of %(person)s are deleted for good. Enrolments and progress "
                "stay as numbers, and pages keep their text, as of a “former member”."
            )
            % {"person": self.object}
        )

    def delete_action(self) -> None:
        anonymise(person=self.object)


class PersonDeleteBulkAction(DeleteBulkAction):
    @classmethod
    def execute_action(cls, objects: list[User], **kwargs: Any) -> tuple[int, int]:
        for person in objects:
            anonymise(person=person)
        return len(objects), 0


class OthersRoleBulkAction(AssignRoleBulkAction):
    def check_perm(self, obj: User) -> bool:
        return super().check_perm(obj) and obj.pk != self.request.user.pk


class PersonViewSet(UserViewSet):
    index_view_class = PersonIndexView
    edit_view_class = PersonEditView
    delete_view_class = PersonDeleteView
    menu_label = _("People")
    ordering = "display_name"
    template_prefix = ""
    index_template_name = "wagtailusers/users/index.html"
    index_results_template_name = "wagtailusers/users/index_results.html"

    def get_form_class(self, for_update: bool = False) -> type[Form]:
        return PersonEditForm if for_update else PersonCreationForm


class _TeachersOnly:
    """Chooses among those who may be on the team of a course, never among all people."""

    def get_object_list(self) -> QuerySet[User]:
        return User.objects.filter(may_teach(), is_active=True).distinct()


class TeacherChooseView(_TeachersOnly, ChooseView):
    pass


class TeacherChooseResultsView(_TeachersOnly, ChooseResultsView):
    pass


class TeacherChooserViewSet(ChooserViewSet):
    choose_view_class = TeacherChooseView
    choose_results_view_class = TeacherChooseResultsView
    model = User
    icon = "user"
    choose_one_text = _("Choose a person")
    choose_another_text = _("Choose another person")
    edit_item_text = _("Edit this person")


teacher_chooser = TeacherChooserViewSet("teacher_chooser", url_prefix="teachers")

"""The CMS screens about people."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.auth import user_has_any_page_permission
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import BooleanColumn, BulkActionsCheckboxColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views.generic.chooser import ChooseResultsView, ChooseView, ChosenMultipleView, ChosenView
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.widgets.button import Button
from wagtail.users.views.bulk_actions.assign_role import AssignRoleBulkAction
from wagtail.users.views.bulk_actions.delete import DeleteBulkAction
from wagtail.users.views.bulk_actions.set_active_state import SetActiveStateBulkAction
from wagtail.users.views.users import CreateView, DeleteView, EditView, IndexView, UserFilterSet, UserViewSet

from learning.accounts import deeds
from learning.accounts.actions import (
    ask_deletion,
    day_in_words,
    deletion_day,
    end_sessions,
    record,
    record_roles,
)
from learning.accounts.forms import PersonCreationForm, PersonEditForm
from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.accounts.rights import assignable_roles, may_manage_person, may_teach, people_with_more_rights
from learning.accounts.roles import role_label
from learning.base.numbers import parse_ids
from learning.base.screens import ListTextsMixin


def search_people(people: QuerySet[User], typed: str) -> QuerySet[User]:
    """People whose name or address has every word; the list and “all” of bulk actions must find the same."""
    for word in typed.replace("\x00", "").split()[:6]:
        people = people.filter(Q(display_name__icontains=word) | Q(email__icontains=word))
    return people


class PersonIndexView(ListTextsMixin, IndexView):
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
            Column(
                "roles",
                label=_("Roles"),
                accessor=lambda person: ", ".join(role_label(g.name) for g in person.groups.all()),
            ),
            BooleanColumn("is_active", label=_("Active"), sort_key="is_active"),
            DateColumn("last_login", label=_("Last log-in"), sort_key="last_login"),
            Column(
                "delete_after",
                label=_("To be deleted"),
                sort_key="delete_after",
                accessor=lambda person: day_in_words(person.delete_after) if person.delete_after else "–",
            ),
        ]

    @property
    def search_fields(self) -> set[str]:
        return {"display_name", "email"}

    def search_queryset(self, queryset: QuerySet[User]) -> QuerySet[User]:
        return search_people(queryset, self.search_query) if self.is_searching else queryset

    def get_base_queryset(self) -> QuerySet[User]:
        return super().get_base_queryset().filter(anonymised_at=None).prefetch_related("groups")


class _FormForUser:
    """Tells the form who fills it in: it offers only the roles that this user may give (promise 7)."""

    request: HttpRequest

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "for_user": self.request.user}  # type: ignore[misc]


class PersonCreateView(_FormForUser, CreateView):
    def save_instance(self) -> User:
        with transaction.atomic():
            person = super().save_instance()
            actor: Any = self.request.user
            record(deeds.PERSON, actor=actor, person=person, facts={"did": "made"})
            names = set(person.groups.values_list("name", flat=True))
            record_roles(person=person, before=set(), after=names, actor=actor)
        return person


class PersonEditView(_FormForUser, EditView):
    def dispatch(self, request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if user.is_authenticated and not may_manage_person(user, self.object):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def save_instance(self) -> User:
        before = set(self.object.groups.values_list("name", flat=True))
        with transaction.atomic():
            person = super().save_instance()
            actor: Any = self.request.user
            after = set(person.groups.values_list("name", flat=True))
            record_roles(person=person, before=before, after=after, actor=actor)
            changed = sorted(set(self.form.changed_data) - {"groups"})
            if changed:
                record(deeds.PERSON, actor=actor, person=person, facts={"did": "changed", "fields": changed})
        return person

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        address = reverse("person_account", args=(self.object.pk,))
        account = Button(_("Sessions, data, deletion"), url=address, icon_name="lock", priority=10)
        return [*super().header_more_buttons, account]


class PersonDeleteView(DeleteView):
    """Deletes a person after two weeks; until then it can be cancelled. Their work that others see stays."""

    def dispatch(self, request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if user.is_authenticated and not may_manage_person(user, self.object):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @property
    def confirmation_message(self) -> str:
        return str(
            _(
                "The account of %(person)s is closed at once. On %(when)s name, e-mail, picture, roles and log-in are "
                "deleted for good; until then it can be cancelled on the page “Sessions, data, deletion”."
            )
            % {"person": self.object, "when": deletion_day()}
        )

    def get_success_message(self) -> str:
        words = _("The account of %(person)s is closed. On %(when)s it is deleted; until then that can be cancelled.")
        return str(words % {"person": self.object, "when": deletion_day()})

    def delete_action(self) -> None:
        ask_deletion(person=self.object, actor=self.request.user)


class _OnManageablePeople:
    """A bulk action that skips people whom the user may not change; “all” means the whole filtered list."""

    request: HttpRequest
    next_url: str

    # Wagtail's own knows the search but not the filters: “all” would be more than the list shows
    def get_all_objects_in_listing_query(self, parent_id: Any) -> Any:
        asked = QueryDict(urlsplit(self.next_url).query)
        people = User.objects.filter(anonymised_at=None)
        filters = UserFilterSet(asked, queryset=people, request=self.request)
        # an invalid filter must not select everyone
        if not filters.is_valid():
            return []
        return search_people(filters.qs, asked.get("q", "")).values_list("pk", flat=True)

    @cached_property
    def _untouchable(self) -> set[int]:
        user: Any = self.request.user
        return set(people_with_more_rights(user).values_list("pk", flat=True))

    def check_perm(self, obj: User) -> bool:
        allowed = super().check_perm(obj)  # type: ignore[misc]
        return allowed and obj.anonymised_at is None and obj.pk not in self._untouchable

    def get_execution_context(self) -> dict[str, Any]:
        return {**super().get_execution_context(), "actor": self.request.user}  # type: ignore[misc]


class PersonDeleteBulkAction(_OnManageablePeople, DeleteBulkAction):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "when": deletion_day()}

    @classmethod
    def execute_action(cls, objects: list[User], actor: Any = None, **kwargs: Any) -> tuple[int, int]:
        for person in objects:
            ask_deletion(person=person, actor=actor)
        return len(objects), 0


class PersonActiveStateBulkAction(_OnManageablePeople, SetActiveStateBulkAction):
    @classmethod
    def execute_action(cls, objects: list[User], actor: Any = None, **kwargs: Any) -> tuple[int, int]:
        result = super().execute_action(objects, **kwargs)
        did = "activated" if kwargs.get("mark_as_active") else "deactivated"
        for person in objects:
            if not kwargs.get("mark_as_active"):
                # Wagtail uses update(), which sends no signal: the receiver of `post_save` does not run
                end_sessions(person=person)
            record(deeds.PERSON, actor=actor, person=person, facts={"did": did})
        return result


class PersonRoleBulkAction(_OnManageablePeople, AssignRoleBulkAction):
    def check_perm(self, obj: User) -> bool:
        # nobody changes their own roles (promise 7)
        return super().check_perm(obj) and obj.pk != self.request.user.pk

    def get_form(self, form_class: Any = None) -> Form:
        form = super().get_form(form_class)
        user: Any = self.request.user
        # the field refuses a role that it does not offer, also when its id is posted by hand (promise 7)
        offered = [group.pk for group in assignable_roles(user)]
        form.fields["role"].queryset = Group.objects.filter(pk__in=offered)
        return form

    @classmethod
    def execute_action(cls, objects: list[User], role: Any = None, actor: Any = None, **kwargs: Any) -> tuple[int, int]:
        if role is None:
            return 0, 0
        for person in objects:
            before = set(person.groups.values_list("name", flat=True))
            person.groups.add(role)
            record_roles(person=person, before=before, after=before | {role.name}, actor=actor)
        return len(objects), 0


class PersonViewSet(UserViewSet):
    index_view_class = PersonIndexView
    add_view_class = PersonCreateView
    edit_view_class = PersonEditView
    delete_view_class = PersonDeleteView
    copy_view_enabled = False
    menu_label = _("People")
    ordering = "display_name"
    template_prefix = ""
    delete_template_name = "wagtailusers/users/confirm_delete.html"
    index_template_name = "wagtailusers/users/index.html"
    index_results_template_name = "wagtailusers/users/index_results.html"

    def get_form_class(self, for_update: bool = False) -> type[Form]:
        return PersonEditForm if for_update else PersonCreationForm


class PersonFilterForm(BaseFilterForm):
    q = forms.CharField(label=_("Name or e-mail"), required=False)

    def filter(self, objects: QuerySet[User]) -> QuerySet[User]:
        wanted = self.cleaned_data.get("q", "").strip()
        if not wanted:
            return objects
        self.is_searching, self.search_query = True, wanted
        return search_people(objects, wanted)


class _TeachersOnly:
    """A chooser of people who may be on a course's team, for users who may edit a course."""

    filter_form_class = PersonFilterForm
    per_page = 20
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not user_has_any_page_permission(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def get_object_list(self) -> QuerySet[User]:
        # distinct: the join gives a person once for each of their groups with this right
        return User.objects.filter(may_teach(), is_active=True).distinct().order_by("display_name", "pk")

    @property
    def columns(self) -> list[Column]:
        return [*super().columns, Column("email", label=_("E-mail"))]  # type: ignore[misc]

    def get_object(self, pk: str) -> User:
        found = self.get_objects([pk])
        if not found:
            raise Http404
        return found[0]

    def get_objects(self, pks: list[str]) -> list[User]:
        return list(self.get_object_list().filter(pk__in=parse_ids(pks)))


class TeacherChooseView(_TeachersOnly, ChooseView):
    pass


class TeacherChooseResultsView(_TeachersOnly, ChooseResultsView):
    pass


class TeacherChosenView(_TeachersOnly, ChosenView):
    pass


class TeacherChosenMultipleView(_TeachersOnly, ChosenMultipleView):
    pass


class TeacherChooserViewSet(ChooserViewSet):
    choose_view_class = TeacherChooseView
    choose_results_view_class = TeacherChooseResultsView
    chosen_view_class = TeacherChosenView
    chosen_multiple_view_class = TeacherChosenMultipleView
    model = User
    icon = "user"
    choose_one_text = _("Choose a person")
    choose_another_text = _("Choose another person")
    edit_item_text = _("Edit this person")

    def get_urlpatterns(self) -> list[Any]:
        """Leave out the address that creates a person: the chooser has no form for it."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name != "create"]


teacher_chooser = TeacherChooserViewSet("teacher_chooser", url_prefix="teachers")

from typing import Any

from django.core.exceptions import PermissionDenied
from wagtail import hooks
from wagtail.admin.panels import FieldPanel, ObjectList

from learning.accounts.admin import (
    PersonActiveStateBulkAction,
    PersonDeleteBulkAction,
    PersonRoleBulkAction,
    teacher_chooser,
)
from learning.accounts.forms import SchoolForm
from learning.accounts.models import School, User
from learning.accounts.rights import may_teach
from learning.base.numbers import parse_ids

# Here, since the form of the school reads the school itself.
School.edit_handler = ObjectList(
    [FieldPanel(name) for name in ("name", "mark", "remove_mark", "contact", "sender", "time_zone")],
    base_form_class=SchoolForm,
)
hooks.register("register_bulk_action", PersonDeleteBulkAction, order=10)
hooks.register("register_bulk_action", PersonRoleBulkAction, order=10)
hooks.register("register_bulk_action", PersonActiveStateBulkAction, order=10)


@hooks.register("register_admin_viewset")
def register_teacher_chooser():  # type: ignore[no-untyped-def]
    return teacher_chooser


@hooks.register("check_new_references")
def refuse_people_who_may_not_teach(user: Any, page: Any, references: set[tuple[type[Any], str]]) -> None:
    """Refuse people in a course's team who may not teach, also when a request names them by id."""
    keys = set(parse_ids(key for model, key in references if model is User))
    if keys - set(User.objects.filter(may_teach(), pk__in=keys, is_active=True).values_list("pk", flat=True)):
        raise PermissionDenied

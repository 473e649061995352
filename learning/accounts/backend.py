"""Logging in, and the account of a request."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.contrib.auth.models import Permission
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery

_FIELDS = [field.attname for field in User._meta.concrete_fields]


def _permissions(**whose: Any) -> QuerySet[Any, Any]:
    return Permission.objects.filter(**whose).order_by().values_list("content_type__app_label", "codename")


# those of a person's groups and their own, which Django's backend reads in two queries
_permission_rows = CompiledQuery(lambda user_id: _permissions(group__user=user_id).union(_permissions(user=user_id)))
_user_rows = CompiledQuery(lambda user_id: User.objects.filter(pk=user_id).order_by().values_list(*_FIELDS))


class AuthenticationBackend(AllauthBackend):
    """As allauth's; the account of a request is read by a compiled query, since every page asks for it."""

    def get_user(self, user_id: int) -> User | None:
        rows = _user_rows.rows(user_id)
        user = User.from_db(DEFAULT_DB_ALIAS, _FIELDS, rows[0]) if rows else None
        # asked at each request, so that a deactivated account is out at the next one (promises 3 and 11)
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        # the name under which Django's backend caches them: `User.school_rights` looks there too
        if not hasattr(user_obj, "_perm_cache"):
            if user_obj.is_superuser:
                user_obj._perm_cache = super().get_all_permissions(user_obj, obj)
            else:
                user_obj._perm_cache = {f"{app}.{name}" for app, name in _permission_rows.rows(user_obj.pk)}
        found: set[str] = user_obj._perm_cache
        return found

"""Logging in, and the account of a request."""

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db import DEFAULT_DB_ALIAS

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery

_FIELDS = [field.attname for field in User._meta.concrete_fields]
_user_rows = CompiledQuery(lambda user_id: User.objects.filter(pk=user_id).order_by().values_list(*_FIELDS))


class AuthenticationBackend(AllauthBackend):
    """As allauth's; the account of a request is read by a compiled query, since every page asks for it."""

    def get_user(self, user_id: int) -> User | None:
        rows = _user_rows.rows(user_id)
        user = User.from_db(DEFAULT_DB_ALIAS, _FIELDS, rows[0]) if rows else None
        # asked at each request, so that a deactivated account is out at the next one (promises 3 and 11)
        return user if user is not None and self.user_can_authenticate(user) else None

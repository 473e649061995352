"""Authentication of the API: the session of the site, or a personal token with scopes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.utils import check_csrf

from learning.accounts.actions import digest_of
from learning.accounts.middleware import lacks_second_factor
from learning.accounts.models import PersonalToken
from learning.accounts.scopes import Scope
from learning.base.api import ApiError

USE_NOTED = timedelta(minutes=5)  # the last use of a token is stored at most this often


class Token(HttpBearer):
    """Authenticates by `Authorization: Bearer parta_…`, a personal token with the required scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        row = PersonalToken.objects.select_related("user").filter(digest=digest_of(token)).first()
        now = timezone.now()
        if row is None or not row.user.is_active or (row.expires_at and row.expires_at <= now):
            return None
        if self.scope.code not in row.scopes:
            raise ApiError(403, "scope", _("This token may not do that."))
        _check_second_factor(row.user, self.scope)
        # not at each request, so that reading by a program does not become writing
        if row.last_used_at is None or row.last_used_at < now - USE_NOTED:
            PersonalToken.objects.filter(pk=row.pk).update(last_used_at=now)
        request.user = row.user
        if row.user.language:
            translation.activate(row.user.language)
        return row.user


def _check_second_factor(user: Any, scope: Scope) -> None:
    """Staff need a second factor for the API wherever their pages need one."""
    if scope.is_for_staff and lacks_second_factor(user):
        raise ApiError(403, "second_factor", _("Staff need two-factor authentication here. Set it up to go on."))


class Session(APIKeyCookie):
    """The session of the site; changes need the CSRF token in `X-CSRFToken`."""

    param_name = "sessionid"

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__()

    # in place of ninja's own check, whose refusal is no problem document
    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise ApiError(403, "csrf", _("The CSRF token is missing or wrong."))
        _check_second_factor(request.user, self.scope)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user


def signed_in(scope: Scope) -> list[Callable[[HttpRequest], Any]]:
    return [Token(scope), Session(scope)]


def _anyone(request: HttpRequest) -> bool:
    return True


def anyone(scope: Scope) -> list[Callable[[HttpRequest], Any]]:
    """Allow everyone; people who authenticate also get their own data."""
    # no `Session`: the middleware has set `request.user`, and these requests only read, so they need no CSRF token
    return [Token(scope), _anyone]

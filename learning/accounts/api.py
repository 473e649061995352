"""What every part of the API stands on: who asks, how often, page by page, and errors as problem details (RFC 9457)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from allauth.core.internal.httpkit import get_client_ip
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from ninja import Field, Path, Schema
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.throttling import BaseThrottle
from ninja.utils import check_csrf

from learning.accounts.actions import digest_of
from learning.accounts.middleware import lacks_second_factor
from learning.accounts.models import PersonalToken, TokenScope

PROBLEM = "application/problem+json"
LARGEST_KEY = 2**31 - 1
PAGE, MOST = 50, 200
USE_NOTED = timedelta(minutes=5)  # how exactly it is known when a token was last used

Key = Annotated[int, Path(ge=1, le=LARGEST_KEY)]


class Problem(Schema):
    """What went wrong, for programs (`code`) and for people (`detail`)."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["full"])
    detail: str = Field(examples=["All seats of this course are taken."])
    errors: list[dict[str, Any]] = Field(default_factory=list, examples=[[]])


class ApiError(Exception):
    """An answer that is a problem; `retry_after` in seconds where waiting helps."""

    def __init__(self, status: int, code: str, detail: Any, *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.retry_after = status, code, str(detail), retry_after


def not_found() -> ApiError:
    return ApiError(404, "not_found", _("There is no such thing here."))


# --- who asks -------------------------------------------------------------------------------


class Token(HttpBearer):
    """`Authorization: Bearer parta_…`, a personal token with the scope that is asked for."""

    def __init__(self, scope: TokenScope) -> None:
        self.scope = scope
        super().__init__()

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        row = PersonalToken.objects.select_related("user").filter(digest=digest_of(token)).first()
        now = timezone.now()
        if row is None or not row.user.is_active or (row.expires_at and row.expires_at <= now):
            return None
        if self.scope not in row.scopes:
            raise ApiError(403, "scope", _("This token may not do that."))
        _check_second_factor(row.user, self.scope)
        if row.last_used_at is None or row.last_used_at < now - USE_NOTED:
            PersonalToken.objects.filter(pk=row.pk).update(last_used_at=now)
        request.user = row.user
        if row.user.language:
            translation.activate(row.user.language)
        return row.user


def _check_second_factor(user: Any, scope: TokenScope) -> None:
    """What staff do through the API needs what their pages need."""
    if scope in (TokenScope.TEACH, TokenScope.MANAGE) and lacks_second_factor(user):
        raise ApiError(403, "second_factor", _("Staff need two-factor authentication here. Set it up to go on."))


class Session(APIKeyCookie):
    """The session of the site; changes need the CSRF token in `X-CSRFToken`."""

    param_name = "sessionid"

    def __init__(self, scope: TokenScope) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Any:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise ApiError(403, "csrf", _("The CSRF token is missing or wrong."))
        _check_second_factor(request.user, self.scope)
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return request.user


def signed_in(scope: TokenScope) -> list[Callable[[HttpRequest], Any]]:
    return [Token(scope), Session(scope)]


def _anyone(request: HttpRequest) -> bool:
    return True


def anyone(scope: TokenScope) -> list[Callable[[HttpRequest], Any]]:
    """Open to all; who says who they are sees what is theirs."""
    return [Token(scope), _anyone]


# --- how often ------------------------------------------------------------------------------


class Rate(BaseThrottle):
    """So many requests a minute for each person, or each address of those who are not signed in."""

    window = 60  # seconds

    def __init__(self, name: str, people: int, visitors: int) -> None:
        self.name, self.people, self.visitors = name, people, visitors

    def allow_request(self, request: HttpRequest) -> bool:
        user = request.user
        limit = self.people if user.is_authenticated else self.visitors
        who = f"u{user.pk}" if user.is_authenticated else f"a{get_client_ip(request)}"
        now = int(timezone.now().timestamp())
        key = f"rate:{self.name}:{who}:{now // self.window}"
        cache.add(key, 0, self.window * 2)
        try:
            count = cache.incr(key)
        except ValueError:  # the cache is away: better no limit than no API
            count = 1
        left = self.window - now % self.window
        request.rate = (limit, max(0, limit - count), left)  # type: ignore[attr-defined]
        return count <= limit

    def wait(self) -> float | None:
        return float(self.window)


def put_rate_headers(request: HttpRequest, response: HttpResponse) -> None:
    if rate := getattr(request, "rate", None):
        names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
        for name, value in zip(names, rate, strict=True):
            response.headers[name] = str(value)


# --- page by page ---------------------------------------------------------------------------


class Page(Schema):
    """`next` of one page is `cursor` of the next; the last page has none."""

    cursor: str = Field("", max_length=200, description="`next` of the page before.")
    limit: int = Field(PAGE, ge=1, le=MOST)

    def after(self) -> Any:
        """The key after which to go on, or nothing for the first page."""
        if not self.cursor:
            return None
        try:
            return json.loads(base64.urlsafe_b64decode(self.cursor.encode()))["k"]
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError(422, "cursor", _("This is not a cursor of ours.")) from error

    def number(self) -> int | None:
        """The key, where it is a number that a database can hold."""
        key = self.after()
        if key is None or (isinstance(key, int) and not isinstance(key, bool) and 0 <= key <= LARGEST_KEY):
            return key
        raise ApiError(422, "cursor", _("This is not a cursor of ours."))

    def word(self) -> str | None:
        key = self.after()
        if key is None or (isinstance(key, str) and key.isascii() and key.isalnum()):
            return key
        raise ApiError(422, "cursor", _("This is not a cursor of ours."))


def cursor_of(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps({"k": key}).encode()).decode()


def paged(rows: Any, limit: int, key: Callable[[Any], Any]) -> tuple[list[Any], str | None]:
    """The first `limit` of the rows, and the cursor of the rest if there are more."""
    found = list(rows[: limit + 1])
    more = len(found) > limit
    return found[:limit], cursor_of(key(found[limit - 1])) if more else None

"""The generic half of the API: errors as problem details (RFC 9457), rate limits, lists page by page."""

import base64
import json
from collections.abc import Callable
from typing import Annotated, Any

from allauth.core.internal.httpkit import get_client_ip
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Path, Schema
from ninja.throttling import BaseThrottle

from learning.base.numbers import LARGEST_ID

PROBLEM = "application/problem+json"
PAGE, MOST = 50, 200

Key = Annotated[int, Path(ge=1, le=LARGEST_ID)]


class Problem(Schema):
    """What went wrong, for programs (`code`) and for people (`detail`)."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["full"])
    detail: str = Field(examples=["All seats of this course are taken."])
    errors: list[dict[str, Any]] = Field(default_factory=list, examples=[[]])


class ApiError(Exception):
    """An error that is answered as a problem document; `retry_after` is in seconds, if waiting helps."""

    def __init__(self, status: int, code: str, detail: Any, *, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.retry_after = status, code, str(detail), retry_after


def not_found() -> ApiError:
    return ApiError(404, "not_found", _("There is no such thing here."))


# --- rate limits ----------------------------------------------------------------------------


class Rate(BaseThrottle):
    """Limits requests per minute: for each person, or for each IP address of those who are not logged in."""

    window = 60  # seconds

    def __init__(self, name: str, people: int, visitors: int) -> None:
        self.name, self.people, self.visitors = name, people, visitors

    def allow_request(self, request: HttpRequest) -> bool:
        user = request.user
        limit = self.people if user.is_authenticated else self.visitors
        # `get_client_ip` believes only our own proxies: a made-up X-Forwarded-For gives no new limit
        who = f"u{user.pk}" if user.is_authenticated else f"a{get_client_ip(request)}"
        now = int(timezone.now().timestamp())
        key = f"rate:{self.name}:{who}:{now // self.window}"
        # `add` leaves a count that is there: of two first requests none sets it back to 0
        cache.add(key, 0, self.window * 2)
        try:
            count = cache.incr(key)
        except ValueError:  # the cache has dropped the key since: better no limit than no API
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
    """Query parameters of a list: `next` of one page is `cursor` of the next; the last page has no `next`."""

    cursor: str = Field("", max_length=200, description="`next` of the page before.")
    limit: int = Field(PAGE, ge=1, le=MOST)

    def after(self) -> Any:
        """Return the key of the last row of the page before, or None for the first page."""
        if not self.cursor:
            return None
        try:
            return json.loads(base64.urlsafe_b64decode(self.cursor.encode()))["k"]
        except (ValueError, KeyError, TypeError) as error:
            raise ApiError(422, "cursor", _("This is not a cursor of ours.")) from error

    def number(self) -> int | None:
        """Return the key if it is a number that an id can be; raises ApiError otherwise."""
        key = self.after()
        # bool is a subclass of int: a cursor with `true` must not pass for the number 1
        if key is None or (isinstance(key, int) and not isinstance(key, bool) and 0 <= key <= LARGEST_ID):
            return key
        raise ApiError(422, "cursor", _("This is not a cursor of ours."))

    def word(self) -> str | None:
        """Return the key if it is a word of ASCII letters and digits; raises ApiError otherwise."""
        key = self.after()
        if key is None or (isinstance(key, str) and key.isascii() and key.isalnum()):
            return key
        raise ApiError(422, "cursor", _("This is not a cursor of ours."))


def cursor_of(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps({"k": key}).encode()).decode()


def paged(rows: Any, limit: int, key: Callable[[Any], Any]) -> tuple[list[Any], str | None]:
    """Return the first `limit` rows, and the cursor of the next page if there are more rows."""
    # one row more than asked for tells whether there is a next page, without a COUNT
    found = list(rows[: limit + 1])
    more = len(found) > limit
    return found[:limit], cursor_of(key(found[limit - 1])) if more else None

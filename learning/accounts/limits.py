"""Limits on forms that are not allauth's own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _


def limit_password_attempts(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Limit attempts at a page's password as strictly as attempts to log in."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not ratelimit.consume(request, action="page_password"):
            return HttpResponse(_("Too many requests. Wait a little."), status=429, content_type="text/plain")
        return view(request, *args, **kwargs)

    return inner

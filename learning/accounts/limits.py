"""Limits on forms that are not allauth's own."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _


def few_passwords(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The form that asks for a page's password takes as few tries as the log-in form."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not ratelimit.consume(request, action="page_password"):
            return HttpResponse(_("Too many requests. Wait a little."), status=429, content_type="text/plain")
        return view(request, *args, **kwargs)

    return inner

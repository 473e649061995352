"""Language, time zone and second factor of the person of a request."""

import re
import zoneinfo
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from learning.accounts.roles import ACCESS_CMS
from learning.accounts.school import school

PROBES = ("/healthz",)
Handler = Callable[[HttpRequest], HttpResponse]


@lru_cache(maxsize=700)
def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None


class PersonMiddleware:
    """Language chosen by the person, else by the language cookie, else by the browser; and the person's time zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:  # asked by machines every few seconds: it needs no database
            return self.get_response(request)
        user = request.user
        language = user.language if user.is_authenticated else ""
        if not language:
            language = translation.get_language_from_request(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        zone = _zone(user.time_zone if user.is_authenticated else school().time_zone)
        if zone:
            timezone.activate(zone)
        else:
            timezone.deactivate()
        response = self.get_response(request)
        if not user.is_authenticated:
            patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


def lacks_second_factor(user: Any) -> bool:
    """Return whether the user is staff without the second factor that staff must have."""
    # in this order: only staff cost the query for their second factors
    return (
        settings.STAFF_MFA_REQUIRED and user.is_authenticated and user.has_perm(ACCESS_CMS) and not is_mfa_enabled(user)
    )


class StaffMfaMiddleware:
    """With `STAFF_MFA_REQUIRED`, pages for staff open only to those who log in with a second factor (promise 16)."""

    # where staff act on others; the API asks by its scopes (`Scope.is_for_staff`)
    pages = re.compile(r"/(?:cms|teaching|tutoring)/|/chat/(?:\d+/(?:people|mute|log|export)|courses/)")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.pages.match(request.path) and lacks_second_factor(request.user):
            messages.warning(request, _("Staff need two-factor authentication here. Set it up to go on."))
            return redirect("mfa_index")
        return self.get_response(request)

"""Where a form leads after it was sent."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request: HttpRequest, fallback: str) -> str:
    """The page of ours that the form names in its field `next`, or else `fallback` (promise 13)."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if asked.startswith("/") and is_ours else fallback

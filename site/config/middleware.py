"""Middleware for headers and status codes of every response."""

import re
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

_COMMON = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; "
)
PUBLIC_POLICY = _COMMON + (
    "frame-ancestors 'none'; script-src 'self'; style-src 'self'; "
    "frame-src 'self' https://www.youtube-nocookie.com https://player.vimeo.com"
)
# A page in the preview of the CMS: the CMS frames it and runs axe, an accessibility checker, in it.
PREVIEW_POLICY = PUBLIC_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
# Wagtail's own screens (Draftail, modeladmin, the preview frame) need inline styles and scripts.
CMS_POLICY = _COMMON + (
    "frame-ancestors 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-src 'self'"
)

NO_DEVICES = "camera=(), microphone=(), geolocation=(), browsing-topics=()"


def _policy_of(request: HttpRequest) -> str:
    """Return the policy of a request. That of a preview has the path of its page, not one of the CMS."""
    if getattr(request, "is_preview", False):
        return PREVIEW_POLICY
    return CMS_POLICY if request.path.startswith("/cms/") else PUBLIC_POLICY


class SecurityHeadersMiddleware:
    """Sets the content security policy and the permissions policy, unless a view has set a stricter one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = _policy_of(request)
        headers.setdefault("Permissions-Policy", NO_DEVICES)
        return response


class NumbersMiddleware:
    """404 for ids in the address that are too large for the database, instead of an error in the query."""

    # a 64-bit column holds 19 digits, and no key of ours comes near 18
    too_long = re.compile(r"/\d{18,}(?:/|$)")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.too_long.search(request.path):
            raise Http404
        return self.get_response(request)


class RefusedUploadMiddleware:
    """Wagtail's forms for pictures and documents answer 200 where they refuse a file; here they answer 422.

    The page is the same; programs, logs and tests see that nothing was stored. Wagtail's form for many files at once
    keeps its 200 with `success: false`, which its script needs to show the reason.
    """

    forms = re.compile(r"/cms/(?:images|documents)/(?:add|edit/\d+|\d+)/$")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        # a TemplateResponse is not rendered yet here, so the form is still in its context
        if request.method == "POST" and self.forms.match(request.path):
            form = (response.context_data or {}).get("form")
            if getattr(form, "errors", None):
                response.status_code = 422
        return response

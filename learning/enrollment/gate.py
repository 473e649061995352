"""The hook that checks access before a page is served, and the answers for people without access."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from wagtail.models import Page

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.access import Access, Refusal, access_to_part
from learning.enrollment.viewing import viewing_of

Serve = Callable[[Page, HttpRequest, list[Any], dict[str, Any]], HttpResponse]


def refuse(request: HttpRequest, course: CoursePage, access: Access) -> HttpResponse:
    """Send a visitor to the log-in page and back; show others the course page with the reason."""
    if access.refusal == Refusal.LOG_IN:
        response: HttpResponse = redirect_to_login(request.get_full_path())
    else:
        request.access = access  # type: ignore[attr-defined]
        request.was_refused = True  # type: ignore[attr-defined]
        response = course.serve(request)
        response.status_code = 403
    patch_cache_control(response, private=True, no_store=True)
    return response


def gate(serve: Serve) -> Serve:
    """`on_serve_page`: serve modules and lessons only to people whom the door allows."""

    def inner(page: Page, request: HttpRequest, args: list[Any], kwargs: dict[str, Any]) -> HttpResponse:
        if not isinstance(page, ModulePage | LessonPage):
            return serve(page, request, args, kwargs)
        course = page.course
        # before anything else: below an unpublished page there is nothing, not even a reason (promise 5)
        if page.is_below_unpublished:
            raise Http404
        access = access_to_part(request.user, page, viewing_of(request, course.pk))
        # 404 and not 403: a refusal would tell that the page exists (promise 5)
        if access.refusal == Refusal.HIDDEN:
            raise Http404
        if not access.granted:
            return refuse(request, course, access)
        request.access = access  # type: ignore[attr-defined]
        response = serve(page, request, args, kwargs)
        # no proxy, and no Back button after logging out, shows the lesson from a cache (promise 1)
        patch_cache_control(response, private=True, no_store=True)
        return response

    return inner


def requires_whole_tree(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A screen of the CMS that shows pages of the whole tree: not for those who work on some courses only."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user: Any = request.user
        if user.is_authenticated and not user.reads_everything:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return inner

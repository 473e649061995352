"""The addresses of Wagtail's admin whose views are replaced by ours.

We look for the view and not for its address: if a new version of Wagtail moves the address, ours moves with it, and if
the view is gone, the school does not start.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.auth import require_admin_access
from wagtail.admin.views.account import AccountView, LoginView, PasswordResetView
from wagtail.admin.views.chooser import ExternalLinkView
from wagtail.admin.views.home import error_test
from wagtail.admin.views.reports.page_types_usage import PageTypesUsageReportView

from home.errors import not_found
from learning.accounts.account_admin import OwnAccountView
from learning.enrollment.cms_door import VisibleLinkView
from learning.enrollment.gate import requires_whole_tree

View = Callable[..., Any]

REPLACED: dict[View, Callable[[View], View]] = {
    # one log-in page for everyone: allauth's, with its limits and second factor
    LoginView: lambda _view: RedirectView.as_view(pattern_name="account_login", query_string=True),
    PasswordResetView: lambda _view: RedirectView.as_view(pattern_name="account_reset_password"),
    # it makes a link to a page of a typed address, with the title of that page, perhaps of a draft (promise 6)
    ExternalLinkView: lambda _view: require_admin_access(VisibleLinkView.as_view()),
    AccountView: lambda _view: require_admin_access(OwnAccountView.as_view()),
    # it raises an exception on purpose: a 500 for anyone who asks (promise 32)
    error_test: lambda _view: not_found,
    # this report names the last edited page of each type, wherever it is
    PageTypesUsageReportView: requires_whole_tree,
}


def replacing(patterns: list[Any], replaced: dict[View, Callable[[View], View]]) -> list[URLPattern]:
    """Return new patterns for the replaced views, at the same addresses; raises an error if a view is missing."""
    found = list(_leaves(patterns, ""))
    missing = [view.__name__ for view in replaced if all(view is not _view_of(pattern) for _route, pattern in found)]
    if missing:
        raise ImproperlyConfigured(f"Wagtail's admin no longer has these views: {', '.join(missing)}")
    return [
        path(route, replaced[view](pattern.callback), name=pattern.name)
        for route, pattern in found
        if (view := _view_of(pattern)) in replaced
    ]


def _leaves(patterns: list[Any], before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _leaves(pattern.url_patterns, route)
        else:
            yield route, pattern


def _view_of(pattern: URLPattern) -> View:
    """The class or function behind a callback and its decorators."""
    view: Any = pattern.callback
    while not hasattr(view, "view_class") and hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return getattr(view, "view_class", view)  # type: ignore[no-any-return]


replaced_urls = replacing(wagtailadmin_urls.urlpatterns, REPLACED)

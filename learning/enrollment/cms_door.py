"""The door of the CMS: which pages and files a request to the CMS may name.

Wagtail asks for rights when something is changed, but many screens show the title of a page before that: explorer,
choosers, confirmations of bulk actions, messages of workflows. Here every request to the CMS that names a page is
checked first, and gets 404, as if the page did not exist, where `rights.sees_page` says no.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse
from wagtail.admin.views.bulk_action import BulkAction
from wagtail.admin.views.chooser import ExternalLinkView
from wagtail.admin.views.pages.bulk_actions import (
    DeleteBulkAction,
    MoveBulkAction,
    PublishBulkAction,
    UnpublishBulkAction,
)
from wagtail.models import Page

from learning.accounts.roles import ACCESS_CMS
from learning.base.numbers import parse_ids
from learning.enrollment.rights import sees_page

# Parts of addresses that are keys of pages, whatever the address. tests/test_admin_addresses.py fails at an address
# of the CMS that nobody has looked at.
PAGE_PARTS = frozenset({"page_id", "parent_page_id", "page_to_move_id", "destination_id", "page_pk", "parent_id"})
PK_IS_PAGE = frozenset(
    {"wagtailadmin_pages:revisions_compare", "wagtailadmin_api:pages:detail", "wagtailadmin_api:pages:action"}
)
QUERY = frozenset(
    {
        *("childOf", "parent_page_id", "target_pages[]", "child_of", "descendant_of", "ancestor_of"),
        *("translation_of", "dest"),
    }
)
ID_IS_PAGE = frozenset(
    {"wagtailadmin_choose_page_chosen_multiple", "wagtailadmin_api:pages:listing", "wagtailadmin_api:pages:find"}
)
POSTED = ("new_parent_page", "parent_page", "chooser")
POSTING = frozenset({"wagtailadmin_pages:copy", "wagtailadmin_pages:choose_parent", "wagtailadmin_pages:move"})


def _is_page_model(parts: dict[str, Any]) -> bool:
    model = ContentType.objects.filter(app_label=parts.get("app_label"), model=parts.get("model_name")).first()
    page_type = model.model_class() if model else None
    return page_type is not None and issubclass(page_type, Page)


def requested_pages(request: HttpRequest, parts: dict[str, Any]) -> set[int]:
    """Keys of the pages that a request to the CMS names, in its address, query or, for small forms, its body."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    asked: set[Any] = {parts[part] for part in PAGE_PARTS & parts.keys()}
    if name in PK_IS_PAGE:
        asked.add(parts.get("pk"))
    if "object_id" in parts and _is_page_model(parts):
        asked.add(parts["object_id"])
    of_pages = name == "wagtail_bulk_action" and parts.get("model_name") == "page"
    for key in QUERY | ({"id"} if of_pages or name in ID_IS_PAGE else set()):
        asked |= {piece for value in request.GET.getlist(key) for piece in value.split(",")}
    if request.method == "POST" and (of_pages or name in POSTING):
        asked |= {value for key in POSTED for value in request.POST.getlist(key)}
    return set(parse_ids(asked))


class CmsDoorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    # here and not in `__call__`: before this the address is not resolved, and its parts are unknown
    def process_view(self, request: HttpRequest, view: Any, args: Any, parts: dict[str, Any]) -> None:
        """Answer 404 where the request names a page that the person may not see; one query, none without a page."""
        if not request.path.startswith("/cms/") or not request.user.has_perm(ACCESS_CMS):
            return  # Wagtail itself sends them to the log-in form
        asked = requested_pages(request, parts)
        # a number without a page passes, and the view answers 404 too: both look alike (promise 5)
        if asked and not all(sees_page(request.user, page) for page in Page.objects.filter(pk__in=asked)):
            raise Http404


class VisibleOnly:
    """A bulk action limited to objects that the person may see; 404 when none is left."""

    request: HttpRequest

    def get_queryset(self, model: Any, object_ids: Any) -> list[Any]:
        # an instance method in place of Wagtail's class method: it needs the person of the request
        rows = list(super().get_queryset(model, parse_ids(object_ids)))  # type: ignore[misc]
        found = [row for row in rows if self.sees(row)]
        if not found:
            raise Http404
        return found

    def sees(self, thing: Any) -> bool:
        return sees_page(self.request.user, thing)


def guarded_bulk_actions(actions: Iterable[type[BulkAction]], guard: type = VisibleOnly) -> list[type[BulkAction]]:
    """These bulk actions, each with the guard before it."""
    # the guard first among the bases, so that its `get_queryset` wraps the action's
    return [type(action.__name__, (guard, action), {}) for action in actions]


page_actions = guarded_bulk_actions((DeleteBulkAction, MoveBulkAction, PublishBulkAction, UnpublishBulkAction))


class VisibleLinkView(ExternalLinkView):
    """Turns a typed address into a link to a page, unless the person may not see that page's newest title."""

    def render_chosen_response(self, result: dict[str, Any]) -> HttpResponse:
        page = Page.objects.filter(pk=result["id"]).first() if "id" in result else None
        if page is not None and not sees_page(self.request.user, page):
            # only the title is withheld: the author typed the address, and the link stays an external one (promise 6)
            result = {"url": result["url"], "title": self.form.cleaned_data["link_text"] or result["url"]}
        return super().render_chosen_response(result)

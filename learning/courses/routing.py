"""From an address to a page in one query.

Wagtail walks the tree level by level, with two queries a level. Here the whole address is known, so the
lesson, its module and its course are looked up together by `url_path`; the page objects are cached in the
process, and the columns that this one query reads are their key.
"""

from copy import copy
from functools import partial
from typing import Any

from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from wagtail.models import Page, PageViewRestriction
from wagtail.url_routing import RouteResult
from wagtail.views import serve as wagtail_serve

from learning.base.caching import cached_in_process
from learning.base.compiled import CompiledQuery
from learning.courses.pages import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.courses.programme import root_paths

RoutedPage = CatalogPage | CoursePage | ModulePage | LessonPage
LEVELS = 8  # longer addresses are left to Wagtail

# Every column that decides how a page is served is listed here: they are the key of a cached page.
_COMMON = ("live", "title", "path", "live_revision_id", "last_published_at", "latest_revision_created_at")
_BY_TYPE: dict[type[Any], tuple[str, tuple[str, ...]]] = {
    CatalogPage: ("catalogpage", ()),
    CoursePage: ("coursepage", ("programme_stamp", "starts_at", "ends_at", "policy", "capacity", "waiting_list",
                                "choose_group", "enroll_from", "enroll_until", "cover_id")),
    ModulePage: ("modulepage", ("content_stamp",)),
    LessonPage: ("lessonpage", ("content_stamp", "free_preview", "minutes", "completes")),
}  # fmt: skip
_COLUMNS = [
    *("id", "url_path"),
    *_COMMON,
    *(f"{name}__{field}" for name, fields in _BY_TYPE.values() for field in ("page_ptr_id", *fields)),
]
_chain = CompiledQuery(
    lambda paths: (
        Page.objects.filter(url_path__in=paths)
        # whether the school has any restriction at all: one cheap question instead of a query for each page
        .annotate(restricted=Exists(PageViewRestriction.objects.all()))
        .values_list(*_COLUMNS, "restricted")
    )
)


def _prefixes(path: str, root: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return [root + "/".join(parts[: end + 1]) + "/" for end in range(len(parts))]


def _page_of(row: tuple[Any, ...]) -> RoutedPage | None:
    """Return the page of a row of `_chain`, from the cache when nothing in the row has changed."""
    place = 2 + len(_COMMON)
    for model, (_name, fields) in _BY_TYPE.items():
        if row[place] is not None:
            stamps = row[2 : place + 1 + len(fields)]
            # cached pages are shared between requests and threads; what is set on this copy belongs to one request
            page = copy(
                cached_in_process(("page", model, row[0], row[1], *stamps), partial(model.objects.get, pk=row[0]))
            )
            page.no_restrictions = not row[-1]
            return page
        place += 1 + len(fields)
    return None


def find_page(path: str) -> RoutedPage | None:
    """Return the live school page at this path of the only site, with its course and module set; else None."""
    roots = root_paths()
    # with several sites the host decides which tree is meant: that is left to Wagtail
    if len(roots) != 1:
        return None
    addresses = _prefixes(path, roots[0])
    if not 1 <= len(addresses) <= LEVELS:
        return None
    rows = {row[1]: row for row in _chain.rows(addresses)}
    found = [_page_of(rows[address]) if address in rows else None for address in addresses]
    page = found[-1]
    # Wagtail's own routing answers 404 for a page that is not published
    if page is None or not page.live:
        return None
    above = {type(other): other for other in found if other is not None}
    if isinstance(page, ModulePage | LessonPage):
        page.course = above.get(CoursePage) or page.course
    if isinstance(page, LessonPage) and ModulePage in above:
        page.module = above[ModulePage]
    if isinstance(page, ModulePage | LessonPage):
        # Wagtail serves a live page below an unpublished one; the gate answers 404 there (promise 1)
        page.is_below_unpublished = any(other is not None and not other.live for other in found)
    return page


def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Serve a page with Wagtail's own view. If `find_page` finds nothing, Wagtail looks for the page itself."""
    page = find_page(path)
    if page is not None:
        # a private attribute of Wagtail: its serve() looks here before it walks the tree
        request._wagtail_route_for_request = RouteResult(page)  # type: ignore[attr-defined]
    return wagtail_serve(request, path)

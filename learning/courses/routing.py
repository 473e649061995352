"""From an address to a page in one query.

Wagtail walks the tree level by level, with two queries a level. A lesson's address is known
whole, so the lesson, its module and its course are looked up together by `url_path`; the pages
themselves are kept in the process under the stamps that this one query brings.
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

SchoolPart = CatalogPage | CoursePage | ModulePage | LessonPage
LEVELS = 8  # deeper addresses are Wagtail's to find

# Everything that decides how a page is served stands here, so that a kept page is never an old one.
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
        .annotate(restricted=Exists(PageViewRestriction.objects.all()))
        .values_list(*_COLUMNS, "restricted")
    )
)


def _prefixes(path: str, root: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return [root + "/".join(parts[: end + 1]) + "/" for end in range(len(parts))]


def _page_of(row: tuple[Any, ...]) -> SchoolPart | None:
    """The page of a row of `_chain`: kept from before when nothing in the row has changed."""
    place = 2 + len(_COMMON)
    for model, (_name, fields) in _BY_TYPE.items():
        if row[place] is not None:
            stamps = row[2 : place + 1 + len(fields)]
            page = copy(
                cached_in_process(("page", model, row[0], row[1], *stamps), partial(model.objects.get, pk=row[0]))
            )
            page.no_restrictions = not row[-1]
            return page
        place += 1 + len(fields)
    return None


def find_page(path: str) -> SchoolPart | None:
    """The live school page at this path of the only site, with its course and module at hand; else None."""
    roots = root_paths()
    if len(roots) != 1:
        return None
    addresses = _prefixes(path, roots[0])
    if not 1 <= len(addresses) <= LEVELS:
        return None
    rows = {row[1]: row for row in _chain.rows(addresses)}
    found = [_page_of(rows[address]) if address in rows else None for address in addresses]
    page = found[-1]
    if page is None or not page.live:
        return None
    above = {type(other): other for other in found if other is not None}
    if isinstance(page, ModulePage | LessonPage):
        page.course = above.get(CoursePage) or page.course
    if isinstance(page, LessonPage) and ModulePage in above:
        page.module = above[ModulePage]
    if isinstance(page, ModulePage | LessonPage):
        page.is_below_unpublished = any(other is not None and not other.live for other in found)
    return page


def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Wagtail's own serving, with the page found our way; what we do not find, it looks for."""
    page = find_page(path)
    if page is not None:
        request._wagtail_route_for_request = RouteResult(page)  # type: ignore[attr-defined]
    return wagtail_serve(request, path)

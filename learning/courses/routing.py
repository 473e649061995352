"""From an address to a page in one query.

Wagtail walks the tree level by level, with two queries a level. A lesson's address is known
whole, so the lesson, its module and its course are read together by `url_path`.
"""

from django.http import HttpRequest, HttpResponse
from wagtail.models import Page, Site
from wagtail.url_routing import RouteResult
from wagtail.views import serve as wagtail_serve

from learning.courses.pages import CatalogPage, CoursePage, LessonPage, ModulePage

_TYPES = ("catalogpage", "coursepage", "modulepage", "lessonpage")


def _prefixes(path: str, root: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return [root + "/".join(parts[: end + 1]) + "/" for end in range(len(parts))]


def find_page(path: str) -> CatalogPage | CoursePage | ModulePage | LessonPage | None:
    """The live school page at this path of the only site, with its course and module at hand; else None."""
    roots = Site.get_site_root_paths()
    if len(roots) != 1:
        return None
    addresses = _prefixes(path, roots[0].root_path)
    if not 1 <= len(addresses) <= 8:
        return None
    rows = {
        page.url_path: page
        for page in Page.objects.filter(url_path__in=addresses)
        .select_related(*_TYPES)
        .defer("lessonpage__body", "modulepage__introduction")
    }
    found = [_specific(rows.get(address)) for address in addresses]
    page = found[-1]
    if page is None or not page.live:
        return None
    above = {type(other): other for other in found if other is not None}
    if isinstance(page, ModulePage | LessonPage):
        page.course = above.get(CoursePage) or page.course
    if isinstance(page, LessonPage) and ModulePage in above:
        page.module = above[ModulePage]
    return page


def _specific(page: Page | None) -> CatalogPage | CoursePage | ModulePage | LessonPage | None:
    if page is None:
        return None
    return next((getattr(page, name) for name in _TYPES if getattr(page, name, None) is not None), None)


def serve(request: HttpRequest, path: str) -> HttpResponse:
    """Wagtail's own serving, with the page found our way; what we do not find, it looks for."""
    page = find_page(path)
    if page is not None:
        request._wagtail_route_for_request = RouteResult(page)  # type: ignore[attr-defined]
    return wagtail_serve(request, path)

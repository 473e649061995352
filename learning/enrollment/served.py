"""Which pages are served at all: published with everything above them, and open under Wagtail's privacy settings.

Whether a person may read a lesson is decided by `access`. This check comes before it, wherever something other than
the page itself is requested: files, the sitemap, and the addresses that mark a lesson, store a position or quote it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Length, Substr
from django.http import HttpRequest
from wagtail.models import Page, PageViewRestriction

from learning.courses.models import LessonPage
from learning.courses.programme import course_paths_above
from learning.enrollment.rights import Person

LEVELS_ABOVE_LESSON = 3  # module, course, catalogue


def below_unpublished() -> Q:
    """A filter on lessons: those whose module, course or catalogue is not published."""
    found = Q()
    for levels in range(1, LEVELS_ABOVE_LESSON + 1):
        # PostgreSQL may compute this for pages of upper levels too, and fails at a negative length: hence 0 at least
        length = Greatest(Length(OuterRef("path")) - levels * Page.steplen, 0)
        path = Substr(OuterRef("path"), 1, length)
        found |= Q(Exists(Page.objects.filter(live=False, path=path)))
    return found


def _meets(restriction: PageViewRestriction, user: Person, passed: Iterable[int]) -> bool:
    """Whether this person, with the passwords given in this session, passes one privacy setting of Wagtail."""
    # the rules of Wagtail's `accept_request`, which cannot be asked here: it needs a request, and search has none
    if restriction.restriction_type == PageViewRestriction.PASSWORD:
        return restriction.pk in passed
    if restriction.restriction_type == PageViewRestriction.LOGIN:
        return user.is_authenticated
    groups = {group.pk for group in restriction.groups.all()}
    own = set() if user.is_anonymous else set(user.groups.values_list("pk", flat=True))
    return bool(getattr(user, "is_superuser", False) or groups & own)


def served(pages: Iterable[Page], user: Person, request: HttpRequest | None = None) -> list[Page]:
    """Those of these pages that are published with all their ancestors and whose privacy settings this person passes.

    Two queries for any number of pages, and one more for each group restriction. Without a request no password of
    the session is known, so a page with a password counts as closed.
    """
    pages = list(pages)
    above = {path for page in pages for path in course_paths_above(page.path)}
    rows = Page.objects.filter(path__in=above).values_list("path", "live", "depth")
    hidden = {path for path, live, depth in rows if not live and depth > 1}
    session: Any = getattr(request, "session", {})
    passed = session.get(PageViewRestriction.passed_view_restrictions_session_key, [])
    restrictions: dict[str, list[PageViewRestriction]] = defaultdict(list)
    found = PageViewRestriction.objects.filter(page__path__in=above).annotate(page_path=F("page__path"))
    for restriction in found.prefetch_related("groups"):
        restrictions[restriction.page_path].append(restriction)
    closed = {path for path, rules in restrictions.items() if not all(_meets(rule, user, passed) for rule in rules)}
    out = hidden | closed
    return [page for page in pages if not out & set(course_paths_above(page.path))]


def served_lesson(lesson_id: int, request: HttpRequest) -> LessonPage | None:
    """The lesson with this key, if it is served to the person of the request."""
    lesson = LessonPage.objects.live().filter(pk=lesson_id).first()
    user: Any = request.user
    return lesson if lesson is not None and served([lesson], user, request) else None

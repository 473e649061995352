"""The door for stored files: a file may be read by whoever may read a page that shows it.

Wagtail's reference index knows which pages show a picture or file; it is kept with the published
content, so a picture that is only in a draft is shown only to people who may use it in the CMS.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from wagtail.models import Collection, Page, ReferenceIndex
from wagtail.permissions import policy_registry

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.access import Person, access_to_part
from learning.enrollment.served import served
from learning.library.models import CourseCollection, Picture, SharedFile, StoredFile

STEP = Collection.steplen
_WORK = {"add", "change", "delete", "choose"}
# limits the work of one request; a file that is on more pages opens only to readers of the first ones
PAGES_LOOKED_AT = 50


def pages_showing(file: Picture | StoredFile) -> list[Page]:
    """Return the live pages that show this file, also as their cover, and may show it (see `_may_show`)."""
    base = ContentType.objects.get_for_model(Page)
    ids = (
        ReferenceIndex.get_references_to(file)
        # another model may have the same id as a page: only references from pages open a file
        .filter(base_content_type=base)
        .values_list("object_id", flat=True)
        .distinct()
    )
    # numbers, not a subquery: `object_id` is text, which PostgreSQL does not compare with an integer
    pages = Page.objects.live().filter(pk__in=[int(pk) for pk in ids]).order_by("path")
    return _may_show(file, list(pages.specific()[:PAGES_LOOKED_AT]))


def course_of_file(file: Picture | StoredFile) -> tuple[int, str] | None:
    """Key and tree path of the course whose collection holds the file; None when the file is in a shared collection."""
    above = [file.collection.path[:end] for end in range(STEP, len(file.collection.path) + 1, STEP)]
    row = CourseCollection.objects.filter(collection__path__in=above).first()
    path = CoursePage.objects.filter(pk=row.course_id).values_list("path", flat=True).first() if row else None
    return (row.course_id, path) if row and path else None


def _may_show(file: Picture | StoredFile, pages: list[Page]) -> list[Page]:
    """Return the pages that may open the file: those of the file's own course, all pages for a file in a shared
    collection, and pages of courses in `SharedFile`. The id of a file in a page is not enough to open it."""
    owner = course_of_file(file)
    if owner is None or not pages:
        return pages
    own: list[Page] = []
    foreign: list[Page] = []
    for page in pages:
        (own if page.path.startswith(owner[1]) else foreign).append(page)
    if foreign:
        shown = set(SharedFile.objects.of(file).values_list("course_id", flat=True))
        paths = tuple(CoursePage.objects.filter(pk__in=shown).values_list("path", flat=True))
        own += [page for page in foreign if paths and page.path.startswith(paths)]
    return own


def may_use_file(user: Person, file: Picture | StoredFile) -> bool:
    """Whether the person may use the file in the CMS: rights on its collection, or it is their own upload."""
    if not user.is_authenticated or not user.is_active:
        return False
    policy: Any = policy_registry.get_by_type(type(file))
    return policy.user_has_any_permission_for_instance(user, _WORK, file)


def may_read_file(user: Person, file: Picture | StoredFile, request: HttpRequest | None = None) -> bool:
    """Whether the file is on a page that is served to this person and open to them, or they may use it in the CMS."""
    # asked at each request and never cached: who is removed gets no more bytes (promises 2 and 3)
    for page in served(pages_showing(file), user, request):
        # home, catalogue and course pages have no door of their own: they are public once they are served
        if not isinstance(page, ModulePage | LessonPage) or access_to_part(user, page).granted:
            return True
    return may_use_file(user, file)

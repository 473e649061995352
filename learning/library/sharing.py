"""Files that a page newly shows: its author must be able to use them, and then the course may show them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from wagtail.models import Page

from learning.courses.models import CoursePage
from learning.courses.page_forms import Reference, references_of
from learning.courses.programme import course_paths_above
from learning.library.access import course_of_file, works_with
from learning.library.models import Picture, SharedFile, StoredFile


def _files(references: set[Reference]) -> list[Picture | StoredFile]:
    found: list[Picture | StoredFile] = []
    for model in (Picture, StoredFile):
        keys = [int(key) for kind, key in references if kind is model and key.isdecimal()]
        found += model.objects.select_related("collection").filter(pk__in=keys)
    return found


def check_files(user: Any, page: Page, references: set[Reference]) -> None:
    """Raises PermissionDenied for a file that this person may not use: the same for a missing and a forbidden one."""
    if not all(works_with(user, file) for file in _files(references)):
        raise PermissionDenied


def _share(files: list[Picture | StoredFile], course: CoursePage) -> None:
    for file in files:
        owner = course_of_file(file)
        if owner is not None and owner[0] != course.pk:
            of_kind = {"picture": file} if isinstance(file, Picture) else {"file": file}
            SharedFile.objects.get_or_create(course_id=course.pk, **of_kind)


def note_files(user: Any, page: Page, references: set[Reference], parent: Page | None) -> None:
    """Remember that the page's course shows files of other courses on purpose."""
    path = page.path or (parent.path if parent is not None else "")
    course = CoursePage.objects.filter(path__in=course_paths_above(path)).first()
    if course is not None:
        _share(_files(references), course)


def share_with_copy(request: Any, page: Page, copied: Page) -> None:
    """`after_copy_page`: the copy of a course, module or lesson shows what the original showed to its readers."""
    course = CoursePage.objects.filter(path__in=course_paths_above(copied.path)).first()
    if course is None:
        return
    files: list[Picture | StoredFile] = []
    for part in copied.get_descendants(inclusive=True).specific().iterator(chunk_size=50):
        files += _files(references_of(part))
    _share([file for file in files if works_with(request.user, file)], course)

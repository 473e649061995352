"""Files that a page newly shows: its author must be able to use them, and then the course may show them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from wagtail.models import Page

from learning.base.numbers import parse_ids
from learning.courses.models import CoursePage
from learning.courses.page_forms import Reference, references_of
from learning.courses.programme import course_paths_above
from learning.library.access import course_of_file, may_use_file, pages_showing
from learning.library.models import Picture, SharedFile, StoredFile


def _files(references: set[Reference]) -> list[Picture | StoredFile]:
    found: list[Picture | StoredFile] = []
    for model in (Picture, StoredFile):
        # a form can send any text as a key (promise 32)
        keys = parse_ids(key for kind, key in references if kind is model)
        found += model.objects.select_related("collection").filter(pk__in=keys)
    return found


def _course_of(path: str) -> CoursePage | None:
    return CoursePage.objects.filter(path__in=course_paths_above(path)).first()


def may_show_file(course: CoursePage | None, file: Picture | StoredFile) -> bool:
    """Whether pages of the course open the file to their readers."""
    owner = course_of_file(file)
    if owner is None:
        return True
    if course is None:
        return False
    return owner[0] == course.pk or SharedFile.objects.of(file).filter(course_id=course.pk).exists()


def _shown_in(course: CoursePage | None, file: Picture | StoredFile) -> bool:
    """Whether the course shows the file already, or may show it: then it may be on any page of that course."""
    if course is None:
        return False
    if SharedFile.objects.of(file).filter(course_id=course.pk).exists():
        return True
    return any(page.path.startswith(course.path) for page in pages_showing(file))


def check_files(user: Any, page: Page, references: set[Reference]) -> None:
    """Raise PermissionDenied when the references contain a file that this person may not use."""
    files = [file for file in _files(references) if not may_use_file(user, file)]
    if not files:
        return
    # a new page has no place in the tree yet
    course = _course_of(page.path) if page.path else None
    if not all(_shown_in(course, file) for file in files):
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
    course = _course_of(path)
    if course is not None:
        _share(_files(references), course)


def share_with_new(request: Any, page: Page) -> None:
    """`after_create_page`: record what a new course shows; it has a place in the tree only now."""
    course = _course_of(page.path)
    if course is not None:
        _share([file for file in _files(references_of(page)) if may_use_file(request.user, file)], course)


def share_with_moved(instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any) -> None:
    """`post_page_move`: a course that gets a part of another one shows the files that this part showed there."""
    # read again: moving may have changed the paths of both
    before, course = (
        _course_of(Page.objects.get(pk=parent.pk).path) for parent in (parent_page_before, parent_page_after)
    )
    if course is None or course == before:
        return
    for part in instance.get_descendants(inclusive=True).specific().iterator(chunk_size=50):
        # the id of a file in a page is not enough: the course of before must have opened the file to its readers
        _share([file for file in _files(references_of(part)) if may_show_file(before, file)], course)


def share_with_copy(request: Any, page: Page, copied: Page) -> None:
    """`after_copy_page`: the copy of a course, module or lesson shows what the original showed to its readers."""
    course = CoursePage.objects.filter(path__in=course_paths_above(copied.path)).first()
    if course is None:
        return
    files: list[Picture | StoredFile] = []
    for part in copied.get_descendants(inclusive=True).specific().iterator(chunk_size=50):
        files += _files(references_of(part))
    # a copy must not open files that the person who copies may not use (docs/decisions/0015)
    _share([file for file in files if may_use_file(request.user, file)], course)

"""The last step of an import: the pages of a stored course get their first revision and are published."""

from collections.abc import Callable

from django.db import transaction
from wagtail.models import Page

from learning.courses.models import CoursePage
from learning.exchange.models import CourseImport, ImportedPart


def finish_import(course_import: CourseImport, after_each: Callable[[], None] = lambda: None) -> None:
    """Save a revision of every page, so that its history begins here, and publish from the top down.

    Pages that have their revision are left alone: after an interruption it goes on where it was. Pages that the
    package hides, and what is below them, stay drafts. `after_each` is called after each page.
    """
    hidden = ImportedPart.objects.filter(course_import=course_import, is_hidden=True).values("object_id")
    hidden_paths = tuple(Page.objects.filter(pk__in=hidden).values_list("path", flat=True))
    course = CoursePage.objects.get(pk=course_import.course_id)
    pages = course.get_descendants(inclusive=True).filter(latest_revision=None).order_by("path")
    for key in list(pages.values_list("pk", flat=True)):
        page = Page.objects.get(pk=key).specific
        # revision and publishing together: a page with a revision is never looked at again
        with transaction.atomic():
            revision = page.save_revision(user=course_import.owner)
            if course_import.publish and not (hidden_paths and page.path.startswith(hidden_paths)):
                # whoever runs an import answers for it; drafts are the default
                revision.publish(user=course_import.owner, skip_permission_checks=True)
        after_each()
    course_import.delete()

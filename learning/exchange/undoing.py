"""Ending the imports of courses that failed or whose process died: undone, or finished where all was stored."""

import logging
from datetime import timedelta

from django.utils import timezone
from wagtail.models import Collection, Page

from learning.courses.models import CoursePage
from learning.enrollment.models import Enrollment
from learning.exchange.finishing import finish_import
from learning.exchange.models import CourseImport
from learning.library.models import CourseCollection, Picture, StoredFile

ABANDONED_AFTER = 3600  # seconds without a sign of life; until then the same import can be started again and is resumed

logger = logging.getLogger(__name__)


def undo_import(course_import: CourseImport) -> None:
    """Delete the course of an import, its pages from the bottom up, with every file of its collection.

    A course that people have begun to use is kept. The row goes last: an undoing that is interrupted is done again.
    """
    row = CourseImport.objects.filter(pk=course_import.pk)
    if not row.update(seen_at=timezone.now()):  # so that no other process takes it for abandoned meanwhile
        return
    if not Enrollment.objects.filter(course_id=course_import.course_id).exists():
        _delete_course(course_import)
    row.delete()


def _delete_course(course_import: CourseImport) -> None:
    course = CoursePage.objects.filter(pk=course_import.course_id).first()
    if course is not None:
        # page by page: deleting the whole tree at once would keep SQLite's only writer for long
        for key in list(course.get_descendants(inclusive=True).order_by("-path").values_list("pk", flat=True)):
            page = Page.objects.filter(pk=key).first()
            if page is not None:
                page.specific.delete()
    CourseCollection.objects.filter(course_id=course_import.course_id).delete()
    collection = Collection.objects.filter(pk=course_import.collection_id).first()
    if collection is None:
        return
    for model in (Picture, StoredFile):
        for thing in model.objects.filter(collection=collection):
            storage, name = thing.file.storage, thing.file.name
            thing.delete()
            storage.delete(name)
    collection.delete()


def end_abandoned() -> int:
    """Undo the imports whose process died, and finish those that had stored everything; returns how many."""
    quiet_since = timezone.now() - timedelta(seconds=ABANDONED_AFTER)
    abandoned = list(CourseImport.objects.filter(seen_at__lt=quiet_since))
    ended = 0
    for course_import in abandoned:
        # claimed by the time that was read: another process may have resumed it, or be ending it already
        row = CourseImport.objects.filter(pk=course_import.pk, seen_at=course_import.seen_at)
        if not row.update(seen_at=timezone.now()):
            continue
        ended += 1
        if not course_import.is_whole:
            undo_import(course_import)
            continue
        try:
            finish_import(course_import)
        # one import that cannot be finished must not stop the others, in every run of the clock again
        except Exception:
            # the course is whole and stays, with the pages that are not published yet as drafts
            logger.exception("Not all pages of an imported course could be published: %s", course_import.filename)
            course_import.delete()
    return ended

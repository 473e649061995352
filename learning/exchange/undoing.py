"""Taking away what an import that failed or died has made."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from wagtail.models import Collection, Page

from learning.courses.models import CoursePage
from learning.enrollment.models import Enrollment
from learning.exchange.models import CourseImport
from learning.library.models import CourseCollection, Picture, StoredFile

ABANDONED_AFTER = 600  # seconds without a sign of life


def undo_import(journal: CourseImport) -> None:
    """Delete the course of an import, its pages from the bottom up, with every file of its collection.

    A course that people have begun to use is kept: only the note that it is on its way goes.
    """
    with transaction.atomic():
        if not CourseImport.objects.select_for_update().filter(pk=journal.pk).exists():
            return  # someone else undoes it, or it is done
        CourseImport.objects.filter(pk=journal.pk).delete()
    if Enrollment.objects.filter(course_id=journal.course_id).exists():
        return
    course = CoursePage.objects.filter(pk=journal.course_id).first()
    if course is not None:
        for key in list(course.get_descendants(inclusive=True).order_by("-path").values_list("pk", flat=True)):
            page = Page.objects.filter(pk=key).first()
            if page is not None:
                page.specific.delete()
    CourseCollection.objects.filter(course_id=journal.course_id).delete()
    collection = Collection.objects.filter(pk=journal.collection_id).first()
    if collection is None:
        return
    for model in (Picture, StoredFile):
        for thing in model.objects.filter(collection=collection):
            storage, name = thing.file.storage, thing.file.name
            thing.delete()
            storage.delete(name)
    collection.delete()


def undo_abandoned() -> int:
    """Undo the imports whose process has died; returns how many."""
    quiet_since = timezone.now() - timedelta(seconds=ABANDONED_AFTER)
    abandoned = list(CourseImport.objects.filter(seen_at__lt=quiet_since))
    for journal in abandoned:
        undo_import(journal)
    return len(abandoned)

"""Receivers of the framework's signals about pictures, files and pages."""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from django.utils import timezone
from wagtail.models import Page, ReferenceIndex
from wagtail.signals import post_page_move

from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.library.collections import collection_of
from learning.library.models import CourseCollection, Picture, StoredFile
from learning.library.sharing import share_with_moved


def _restamp_pages_showing(file: Picture | StoredFile) -> None:
    base = ContentType.objects.get_for_model(Page)
    ids = [
        int(pk)
        for pk in ReferenceIndex.get_references_to(file)
        .filter(base_content_type=base)
        .values_list("object_id", flat=True)
    ]
    if ids:
        now = timezone.now()
        # update(): save() would write back the whole page, perhaps over what an editor saves at this moment
        LessonPage.objects.filter(pk__in=ids).update(content_stamp=now)
        ModulePage.objects.filter(pk__in=ids).update(content_stamp=now)
        CoursePage.objects.filter(pk__in=ids).update(programme_stamp=now)


# pre_delete: after the deletion Wagtail's index no longer says which pages showed the file
@receiver(post_save, sender=Picture)
@receiver(post_save, sender=StoredFile)
@receiver(pre_delete, sender=Picture)
@receiver(pre_delete, sender=StoredFile)
def file_changed(instance: Picture | StoredFile, created: bool = False, **kwargs: Any) -> None:
    """Invalidate cached lesson bodies that show this file."""
    # a deletion sends no `created`, so the default counts; a new file is on no page yet
    if not created:
        _restamp_pages_showing(instance)


@receiver(post_save, sender=CoursePage)
def course_gets_collection(instance: CoursePage, raw: bool = False, **kwargs: Any) -> None:
    # raw: a fixture is loaded row by row, and the rows that this needs may still be missing
    if not raw:
        collection_of(instance)


@receiver(post_delete, sender=CoursePage)
def collection_of_deleted_course(instance: CoursePage, **kwargs: Any) -> None:
    """Detach the collection from a deleted course; its files stay for editors to sort."""
    CourseCollection.objects.filter(course_id=instance.pk).delete()


# the signal and not the hook `after_move_page`, which moves by drag, in bulk and by code do not call
post_page_move.connect(share_with_moved, dispatch_uid="share_with_moved")

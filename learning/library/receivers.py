"""Receivers of the framework's signals about pictures, files and pages."""

from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver
from wagtail.signals import post_page_move

from learning.courses.models import CoursePage
from learning.courses.stamps import restamp_pages_that_show
from learning.library.collections import collection_of
from learning.library.models import CourseCollection, Picture, StoredFile
from learning.library.sharing import share_with_moved


# pre_delete: after the deletion Wagtail's index no longer says which pages showed the file
@receiver(post_save, sender=Picture)
@receiver(post_save, sender=StoredFile)
@receiver(pre_delete, sender=Picture)
@receiver(pre_delete, sender=StoredFile)
def file_changed(instance: Picture | StoredFile, created: bool = False, **kwargs: Any) -> None:
    """Invalidate cached lesson bodies that show this file."""
    # a deletion sends no `created`, so the default counts; a new file is on no page yet
    if not created:
        restamp_pages_that_show([instance])


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

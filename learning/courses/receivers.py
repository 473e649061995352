"""Signal receivers that invalidate cached programmes and bodies."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone
from wagtail.models import Page
from wagtail.signals import page_published, page_unpublished, post_page_move

from learning.courses.models import CoursePage, LessonPage, ModulePage, Subject
from learning.courses.programme import course_paths_above


def restamp_programmes(*paths: str) -> None:
    """Make the programmes of the courses at or above these tree paths be read anew."""
    wanted = {above for path in paths for above in course_paths_above(path)}
    # update(), not save(): it cannot overwrite what an editor saves at the same moment
    CoursePage.objects.filter(path__in=wanted).update(programme_stamp=timezone.now())


# publishing also writes back the stamp that the revision was saved with: this replaces it
@receiver([page_published, page_unpublished])
def programme_changed(instance: Page, **kwargs: Any) -> None:
    restamp_programmes(instance.path)


@receiver(post_page_move)
def programme_moved(instance: Page, parent_page_before: Page, parent_page_after: Page, **kwargs: Any) -> None:
    # both: a module or lesson may have moved to another course
    restamp_programmes(parent_page_before.path, parent_page_after.path)


# Wagtail sends page_unpublished before the row is gone: an outline read in between would still contain it
@receiver(post_delete, sender=LessonPage)
@receiver(post_delete, sender=ModulePage)
def programme_shortened(instance: Page, **kwargs: Any) -> None:
    restamp_programmes(instance.path)


@receiver(post_save, sender=Subject)
def subject_renamed(instance: Subject, **kwargs: Any) -> None:
    """Invalidate cached course pages, which show the names of subjects."""
    CoursePage.objects.filter(subjects=instance).update(programme_stamp=timezone.now())

"""Stamps that make cached content of pages anew."""

from collections.abc import Iterable

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone
from wagtail.models import Page, ReferenceIndex

from learning.courses.models import CoursePage, LessonPage, ModulePage


def pages_that_show(things: Iterable[Model]) -> set[int]:
    """The keys of the pages whose published content refers to one of these rows."""
    rows = list(things)
    if not rows:
        return set()
    base = ContentType.objects.get_for_model(Page)
    # another model may have the same id as a page
    found = ReferenceIndex.get_references_to_in_bulk(rows).filter(base_content_type=base)
    return {int(pk) for pk in found.values_list("object_id", flat=True)}


def restamp_pages_that_show(things: Iterable[Model]) -> None:
    """Make the cached content of these pages anew: something that they show has changed."""
    ids = pages_that_show(things)
    if ids:
        now = timezone.now()
        # update(): save() would write back the whole page, perhaps over what an editor saves at this moment
        LessonPage.objects.filter(pk__in=ids).update(content_stamp=now)
        ModulePage.objects.filter(pk__in=ids).update(content_stamp=now)
        CoursePage.objects.filter(pk__in=ids).update(programme_stamp=now)

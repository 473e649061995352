"""Remove the demo school: exactly what `DemoRecord` names."""

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from wagtail.models import Collection, Page, ReferenceIndex

from home.models import DemoRecord
from learning.accounts.models import User
from learning.base.demo import demo_parts
from learning.courses.models import CoursePage, LessonPage, ModulePage, Subject
from learning.enrollment.models import FormerCourse, Seats, StudyGroup
from learning.library.models import Picture, StoredFile


def _noted(model: type[models.Model]) -> set[int]:
    content_type = ContentType.objects.get_for_model(model)
    return set(DemoRecord.objects.filter(content_type=content_type).values_list("object_id", flat=True))


@transaction.atomic
def remove_demo(say: Callable[[str], Any] = print) -> int:
    """Delete the demo school and return how many objects were recorded for it.

    A course to which someone has added a page stays, and so does a picture that is used elsewhere; `say` reports
    both.
    """
    noted_pages = _noted(CoursePage) | _noted(ModulePage) | _noted(LessonPage)
    gone = DemoRecord.objects.count()
    kept_courses = set()
    for course in CoursePage.objects.filter(pk__in=_noted(CoursePage)):
        foreign = course.get_descendants().exclude(pk__in=noted_pages)
        if foreign.exists():
            kept_courses.add(course.pk)
            say(f"Kept “{course}”: it has pages that are not of the demo.")
            continue
        Seats.objects.filter(pk=course.pk).delete()
        # before the course is deleted: the apps find their rows by its id
        for part in demo_parts():
            if part.remove is not None:
                part.remove(course.pk)
        Page.objects.get(pk=course.pk).delete()
        FormerCourse.objects.filter(pk=course.pk).delete()  # the title of a demo course is not kept
    StudyGroup.objects.filter(pk__in=_noted(StudyGroup)).exclude(course_id__in=kept_courses).delete()
    for model in (Picture, StoredFile):
        for row in model.objects.filter(pk__in=_noted(model)):
            if ReferenceIndex.get_references_to(row).exists():
                say(f"Kept “{row}”: it is used elsewhere.")
                # its present collection belongs to the demo and is removed below
                row.collection = Collection.get_first_root_node()
                row.save(update_fields=["collection"])
            else:
                row.delete()
    _remove_collections()
    _remove_people()
    for subject in Subject.objects.filter(pk__in=_noted(Subject)):
        if not CoursePage.objects.filter(subjects=subject).exists():
            subject.delete()
    DemoRecord.objects.all().delete()
    return gone


def _remove_people() -> None:
    people = User.objects.filter(pk__in=_noted(User))
    for part in demo_parts():
        if part.forget_people is not None:
            part.forget_people(_noted(User))
    for person in people.exclude(avatar=""):
        # the deletion of a row leaves its file in the storage
        person.avatar.delete(save=False)
    people.delete()


def _remove_collections() -> None:
    for collection in Collection.objects.filter(pk__in=_noted(Collection)):
        in_use = any(model.objects.filter(collection=collection).exists() for model in (Picture, StoredFile))
        if not in_use:
            Collection.objects.get(pk=collection.pk).delete()
    folder = Collection.objects.filter(name="Courses", depth=2).first()
    if folder and not folder.get_children().exists():
        folder.delete()

"""The collection of each course."""

from django.db import transaction
from wagtail.models import Collection

from learning.courses.models import CoursePage
from learning.library.models import CourseCollection

FOLDER = "Courses"
NAME_LENGTH = 200


@transaction.atomic
def collection_of(course: CoursePage) -> Collection:
    """Return the course's own collection, creating it on first use."""
    row = CourseCollection.objects.select_related("collection").filter(course_id=course.pk).first()
    if row:
        return row.collection
    root = Collection.get_first_root_node()
    folder = root.get_children().filter(name=FOLDER).first() or root.add_child(name=FOLDER)
    # treebeard keeps the number of children on the instance, which others may have changed
    folder = Collection.objects.get(pk=folder.pk)
    collection = folder.add_child(name=course.title[:NAME_LENGTH])
    # `course_id` is unique: of two first uses at once one fails, and no course gets two collections
    CourseCollection.objects.create(course_id=course.pk, collection=collection)
    return collection

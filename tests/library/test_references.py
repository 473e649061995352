"""Which pages open a file: what Wagtail's reference index says of pages, and of nothing else."""

import uuid
from types import SimpleNamespace

from django.contrib.contenttypes.models import ContentType
from wagtail.models import ReferenceIndex

from learning.courses.models import Subject
from learning.library.access import course_of_file, may_read_file, pages_showing
from learning.library.models import CourseCollection, SharedFile, StoredFile
from tests import school


def test_something_else_with_the_key_of_a_page_opens_nothing(small: SimpleNamespace) -> None:
    file = school.stored(of=small.course)
    kind = ContentType.objects.get_for_model(Subject)
    ReferenceIndex.objects.create(
        content_type=kind,
        base_content_type=kind,
        object_id=str(small.lessons[0].pk),
        to_content_type=ContentType.objects.get_for_model(StoredFile),
        to_object_id=str(file.pk),
        model_path="x",
        content_path="x",
        content_path_hash=uuid.uuid4(),
    )
    assert ReferenceIndex.get_references_to(file).count() == 1
    assert pages_showing(file) == []
    assert not may_read_file(small.student, file)
    lesson = school.lesson_showing(file, small.modules[0])
    assert [page.pk for page in pages_showing(file)] == [lesson.pk]
    assert may_read_file(small.student, file)


def test_a_file_of_another_course_opens_only_where_that_course_may_show_it(small: SimpleNamespace) -> None:
    file = school.stored(of=small.other)
    lesson = school.lesson_showing(file, small.modules[0])
    assert course_of_file(file) == (small.other.pk, small.other.path)
    assert pages_showing(file) == []
    third = school.course("Third")
    SharedFile.objects.create(course_id=third.pk, file=file)
    assert pages_showing(file) == []
    SharedFile.objects.create(course_id=small.course.pk, file=file)
    assert [page.pk for page in pages_showing(file)] == [lesson.pk]


def test_a_file_of_no_course_opens_wherever_it_is_shown(small: SimpleNamespace) -> None:
    file = school.stored()
    lesson = school.lesson_showing(file, small.modules[0])
    assert course_of_file(file) is None
    assert [page.pk for page in pages_showing(file)] == [lesson.pk]
    assert may_read_file(small.student, file)
    assert not may_read_file(small.stranger, file)


def test_a_collection_that_has_outlived_its_course_is_one_of_no_course(small: SimpleNamespace) -> None:
    third = school.course("Third")
    file = school.stored(of=third)
    lesson = school.lesson_showing(file, small.modules[0])
    assert pages_showing(file) == []
    # the row names its course by a bare number, so it may stay when the course is gone
    CourseCollection.objects.filter(course_id=third.pk).update(course_id=third.pk + 1000)
    assert course_of_file(file) is None
    assert [page.pk for page in pages_showing(file)] == [lesson.pk]
    assert may_read_file(small.student, file)

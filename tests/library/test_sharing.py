"""A file of another course, shown by someone who may use both: the course may show it from then on."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import RequestFactory

from learning.courses.models import CatalogPage, CoursePage, LessonPage
from learning.courses.page_forms import references_of
from learning.library.access import may_read_file
from learning.library.models import SharedFile
from learning.library.sharing import check_files, note_files, share_with_copy, share_with_new
from tests import school


def request_of(user: Any) -> Any:
    request = RequestFactory().post("/cms/")
    request.user = user
    return request


def shared(course: CoursePage) -> set[Any]:
    rows = SharedFile.objects.filter(course_id=course.pk).select_related("file", "picture")
    return {row.file or row.picture for row in rows}


def test_a_new_course_may_show_the_picture_that_its_author_may_use(small: SimpleNamespace) -> None:
    picture = school.picture(of=small.course)
    new = school.course("New", cover=picture)
    share_with_new(request_of(small.other_teacher), new)
    assert shared(new) == set()  # another's picture, of a course that is not theirs
    share_with_new(request_of(small.editor), new)
    assert shared(new) == {picture}
    share_with_new(request_of(small.editor), new)
    assert SharedFile.objects.count() == 1
    share_with_new(request_of(small.editor), CatalogPage.objects.get())  # no course: nothing to share with
    assert SharedFile.objects.count() == 1


def test_what_a_new_or_a_saved_page_shows_is_noted_for_its_course(small: SimpleNamespace) -> None:
    file, own = school.stored("a.txt", of=small.other), school.stored("b.txt", of=small.course)
    lesson = school.lesson_showing(file, small.modules[0])
    references = references_of(lesson) | references_of(school.lesson_showing(own, small.modules[0]))
    new = LessonPage(title="Not saved yet")
    note_files(small.editor, new, references, None)
    assert not SharedFile.objects.exists()  # nowhere in the tree
    note_files(small.editor, new, references, small.modules[0])
    assert shared(small.course) == {file}  # its own file needs no note
    SharedFile.objects.all().delete()
    note_files(small.editor, lesson, references, None)
    assert shared(small.course) == {file}


def test_only_who_may_use_a_file_puts_it_into_a_page(small: SimpleNamespace) -> None:
    file = school.stored(of=small.other)
    references = references_of(school.lesson_showing(file, small.modules[0]))
    with pytest.raises(PermissionDenied):
        check_files(small.teacher, small.lessons[0], references)
    check_files(small.editor, small.lessons[0], references)
    check_files(small.other_teacher, school.fresh(small.other_lesson), references)
    SharedFile.objects.create(course_id=small.course.pk, file=file)
    check_files(small.teacher, small.lessons[0], references)  # the course shows it already
    with pytest.raises(PermissionDenied):
        check_files(small.teacher, LessonPage(title="Nowhere"), references)


@pytest.mark.parametrize("who", ["editor", "other_teacher"])
def test_a_copy_shows_what_the_person_who_copies_may_use(small: SimpleNamespace, who: str) -> None:
    file = school.stored(of=small.course)
    lesson = school.lesson_showing(file, small.modules[0])
    target = school.module(small.other, "Target")
    copied = lesson.copy(to=target, update_attrs={"slug": "copied"})
    share_with_copy(request_of(getattr(small, who)), lesson, copied)
    assert shared(small.other) == ({file} if who == "editor" else set())


def test_a_copied_module_shares_the_files_of_the_lessons_below_it(small: SimpleNamespace) -> None:
    file = school.stored(of=small.course)
    school.lesson_showing(file, small.modules[0])
    copied = school.fresh(small.modules[0]).copy(to=small.other, recursive=True, update_attrs={"slug": "copied"})
    share_with_copy(request_of(small.editor), small.modules[0], copied)
    assert shared(small.other) == {file}


def test_what_is_copied_or_moved_outside_of_courses_shares_nothing(small: SimpleNamespace) -> None:
    file = school.stored(of=small.course)
    lesson = school.lesson_showing(file, small.modules[0])
    catalog = CatalogPage.objects.get()
    share_with_copy(request_of(small.editor), lesson, catalog)
    small.course.move(school.fresh(catalog), pos="last-child")
    assert not SharedFile.objects.exists()


def test_a_moved_module_takes_its_files_along(small: SimpleNamespace) -> None:
    file = school.stored(of=small.course)
    school.lesson_showing(file, small.modules[0])
    module = school.fresh(small.modules[0])
    module.move(school.fresh(small.other), pos="last-child")
    assert shared(small.other) == {file}


def test_a_moved_lesson_opens_no_file_that_its_course_did_not_open(small: SimpleNamespace) -> None:
    """A page may name any file by its id: moving it is no way to read it."""
    third = school.course("Third", team=(small.teacher,))
    foreign = school.stored(of=small.other)
    lesson = school.lesson_showing(foreign, small.modules[0])
    lesson.move(school.fresh(school.module(third, "There")), pos="last-child")
    assert not shared(third)
    lesson = school.lesson_showing(foreign, small.modules[1])
    school.fresh(lesson).move(school.fresh(small.modules[0]), pos="last-child")  # inside the course
    assert not shared(small.course)


def test_a_moved_lesson_keeps_what_was_shared_with_its_course(small: SimpleNamespace) -> None:
    third = school.course("Third", team=(small.teacher,))
    foreign = school.stored(of=small.other)
    SharedFile.objects.create(course_id=small.course.pk, file=foreign)
    lesson = school.lesson_showing(foreign, small.modules[0])
    lesson.move(school.fresh(school.module(third, "There")), pos="last-child")
    assert shared(third) == {foreign}


def test_a_file_shared_with_one_course_is_not_open_in_a_third(small: SimpleNamespace) -> None:
    """The third course names it by its id only."""
    third = school.course("Third", team=(small.teacher,))
    foreign = school.stored(of=small.other)
    SharedFile.objects.create(course_id=small.course.pk, file=foreign)
    school.lesson_showing(foreign, school.module(third, "There"))
    school.enrolled(small.classmate, third)
    assert not may_read_file(school.fresh(small.classmate), school.fresh(foreign))
    school.lesson_showing(foreign, small.modules[0])
    assert may_read_file(school.fresh(small.student), school.fresh(foreign))
    assert not may_read_file(school.fresh(small.classmate), school.fresh(foreign))

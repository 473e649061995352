"""What home, dashboard and cards show of courses that are not, or not all, open to the person."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from home.front import PREVIEWS_LOOKED_AT
from learning.enrollment.groups import mark_for_groups, set_openings
from learning.enrollment.models import StudyGroup
from learning.enrollment.progress import set_position
from tests import school


@pytest.fixture
def groups(small: SimpleNamespace) -> SimpleNamespace:
    """Two study groups; the student is in the first."""
    first, second = (StudyGroup.objects.create(course_id=small.course.pk, name=name) for name in ("First", "Second"))
    school.enrolled(small.student, small.course)
    small.student.enrollments.filter(course_id=small.course.pk).update(group=first)
    return SimpleNamespace(first=first, second=second)


def open_later(small: SimpleNamespace, group: StudyGroup, *modules: Any) -> None:
    at = timezone.now() + timedelta(days=3)
    openings = {module.pk: (at, None) for module in modules}
    set_openings(group=group, openings=openings, actor=small.admin)


def test_a_course_that_starts_later_is_nothing_to_go_on_with(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.student, small.course)
    small.course.starts_at = timezone.now() + timedelta(days=3)
    school.publish(small.course)
    client = visit(small.student)
    for address in ("/", "/me/"):
        assert "data-continue" not in client.get(address).content.decode()
    assert "Starts on" in client.get("/me/").content.decode()


def test_while_the_first_module_is_closed_there_is_a_day_and_no_button(
    small: SimpleNamespace, groups: SimpleNamespace, visit: Any
) -> None:
    open_later(small, groups.first, *small.modules)
    client = visit(small.student)
    for address in ("/", "/me/", school.path_of(small.course)):
        assert "data-continue" not in client.get(address).content.decode(), address
    for address in ("/me/", school.path_of(small.course)):
        assert "The next module opens for your study group" in client.get(address).content.decode(), address


def test_continue_passes_over_a_closed_module(small: SimpleNamespace, groups: SimpleNamespace, visit: Any) -> None:
    open_later(small, groups.first, small.modules[0])
    client = visit(small.student)
    lesson = school.path_of(small.lessons[2])
    for address in ("/", "/me/", school.path_of(small.course)):
        assert f'href="{lesson}" data-continue' in client.get(address).content.decode(), address
    assert client.get(lesson).status_code == 200


def test_a_module_that_was_begun_stays_open_and_is_not_announced(
    small: SimpleNamespace, groups: SimpleNamespace, visit: Any
) -> None:
    client = visit(small.student)
    enrollment = small.student.enrollments.get(course_id=small.course.pk)
    set_position(enrollment=enrollment, lesson=small.lessons[0], block_id=None)
    open_later(small, groups.first, *small.modules)
    lesson = school.path_of(small.lessons[0])
    for address in ("/", "/me/", school.path_of(small.course)):
        assert f'href="{lesson}" data-continue' in client.get(address).content.decode(), address
    page = client.get("/me/").content.decode()
    assert "Roots" in page
    assert "Leaves" not in page


def test_an_older_course_is_offered_while_the_last_one_is_closed(
    small: SimpleNamespace, groups: SimpleNamespace, visit: Any
) -> None:
    open_later(small, groups.first, *small.modules)
    older = school.course("Older")
    school.lesson(school.module(older), "Bones")
    school.enrolled(small.student, older)
    small.student.enrollments.filter(course_id=small.course.pk).update(last_read_at=timezone.now())
    for address in ("/", "/me/"):
        assert "Bones" in visit(small.student).get(address).content.decode(), address


def test_what_is_for_another_group_is_neither_announced_nor_counted(
    small: SimpleNamespace, groups: SimpleNamespace, visit: Any
) -> None:
    open_later(small, groups.first, small.modules[1])
    client = visit(small.student)
    assert "Roots" in client.get("/me/").content.decode()
    assert "of 3 lessons done" in client.get("/").content.decode()
    hidden = {"course_id": small.course.pk, "page_id": small.modules[1].pk}
    mark_for_groups(**hidden, groups=[groups.second], actor=small.admin)
    assert "Roots" not in client.get("/me/").content.decode()
    for address in ("/", "/courses/"):
        assert "of 2 lessons done" in client.get(address).content.decode(), address
        assert "2 lessons" in visit().get(address).content.decode(), address
        assert "3 lessons" not in visit().get(address).content.decode(), address
    mark_for_groups(**hidden, groups=[groups.first, groups.second], actor=small.admin)
    assert "Roots" in client.get("/me/").content.decode()


def test_the_second_page_of_my_learning_has_no_course_to_go_on_with(small: SimpleNamespace, visit: Any) -> None:
    for number in range(25):
        course = school.course(f"Course {number}")
        school.lesson(school.module(course), "Lesson")
        school.enrolled(small.student, course)
    client = visit(small.student)
    assert 'id="go-on-title"' in client.get("/me/").content.decode()
    second = client.get("/me/?page=2").content.decode()
    assert 'id="go-on-title"' not in second


def test_a_sample_is_found_beside_many_previews_of_courses_that_are_not_shown(
    small: SimpleNamespace, visit: Any
) -> None:
    hidden = school.course("Earlier in the tree", live=False)
    module = school.module(hidden)
    for number in range(PREVIEWS_LOOKED_AT):
        school.lesson(module, f"Preview {number}", free_preview=True, blocks=[school.text("<p>Other words</p>")])
    last = school.course("Zoology")
    school.lesson(school.module(last), "Wings", free_preview=True, blocks=[school.text("<p>Of feathers</p>")])
    type(hidden).objects.filter(pk=hidden.pk).update(live=True)
    shown = visit().get("/").content.decode()
    assert "Other words" in shown or "Of feathers" in shown
    type(hidden).objects.filter(pk=hidden.pk).update(live=False)
    assert "Of feathers" in visit().get("/").content.decode()

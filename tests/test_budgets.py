"""Every page and list has a bounded number of queries, however large the school."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learning.courses.models import CoursePage
from learning.enrollment.models import Enrollment
from tests import school
from tests.benchmarks.generate_school import generate_school


def queries(client: Any, path: str, status: int = 200) -> int:
    """Queries of the second request: the first fills what is kept."""
    assert client.get(path).status_code == status
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == status
    return sum(1 for query in captured if query["sql"].startswith(("SELECT", "UPDATE", "INSERT", "WITH", "DELETE")))


def test_lesson_of_an_enrolled_student_is_five(small: SimpleNamespace, visit: Any) -> None:
    assert queries(visit(small.student), school.path_of(small.lessons[0])) <= 5


def test_free_preview_of_a_visitor(small: SimpleNamespace, visit: Any) -> None:
    free = school.lesson(small.modules[0], "Taste", free_preview=True)
    assert queries(visit(), school.path_of(free)) <= 3


def everything(visit: Any, student: Any) -> dict[str, int]:
    course = CoursePage.objects.order_by("path")[0]
    client = visit(student)
    return {
        "home": queries(visit(), "/"),
        "course page of a visitor": queries(visit(), school.path_of(course)),
        "course page": queries(client, school.path_of(course)),
        "catalogue": queries(client, "/courses/"),
        "dashboard": queries(client, "/me/"),
        "search": queries(client, "/search/?q=course"),
    }


def test_pages_stay_within_twelve_and_flat(people: SimpleNamespace, visit: Any) -> None:
    generate_school(courses=3, people=10, enrollments=20)
    student = Enrollment.objects.filter(status="active").order_by("pk")[0].user
    few = everything(visit, student)
    generate_school(courses=40, people=300, enrollments=900)
    many = everything(visit, student)
    assert max(many.values()) <= 12, many
    assert all(many[page] <= few[page] + 1 for page in few), (few, many)


@pytest.mark.parametrize(
    ("path", "limit"),
    [("/cms/enrollment/enrollment/", 30), ("/cms/users/", 30), ("/cms/enrollment/studygroup/", 30)],
)
def test_lists_of_the_cms_do_not_grow(people: SimpleNamespace, visit: Any, path: str, limit: int) -> None:
    client = visit(people.admin)
    generate_school(courses=3, people=10, enrollments=20)
    few = queries(client, path)
    generate_school(courses=5, people=120, enrollments=300)
    assert queries(client, path) <= few + 1 <= limit

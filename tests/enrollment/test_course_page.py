"""The course page offers each person the one thing that fits."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.courses.enums import EnrollmentPolicy
from learning.enrollment.actions import change_status, enroll
from learning.enrollment.models import Enrollment
from learning.enrollment.statuses import Status
from tests import school

ENROLL, REQUEST, QUEUE, BACK = ">Enrol<", ">Ask to enrol<", ">Join the waiting list<", ">Come back<"
BUTTONS = (ENROLL, REQUEST, QUEUE, BACK, "Log in to enrol", ">Start", ">Continue", "Open the lessons")


def offers(client: Any, page: Any) -> list[str]:
    html = re.sub(r"(?<=>)\s+|\s+(?=<)", "", client.get(school.path_of(page)).content.decode())
    return [button for button in BUTTONS if button in html]


@pytest.mark.parametrize(
    ("fields", "button", "words"),
    [
        ({}, ENROLL, ""),
        ({"policy": EnrollmentPolicy.APPROVAL}, REQUEST, ""),
        ({"policy": EnrollmentPolicy.KEY, "key": "x"}, ENROLL, "Key of the course"),
        ({"policy": EnrollmentPolicy.CLOSED}, None, "takes no students"),
        ({"policy": EnrollmentPolicy.INVITATION}, None, "by invitation"),
        ({"enroll_from": timezone.now() + timedelta(days=2)}, None, "Enrolment opens on"),
        ({"enroll_until": timezone.now() - timedelta(days=2)}, None, "Enrolment is over"),
    ],
)
def test_policies(people: SimpleNamespace, visit: Any, fields: Any, button: str | None, words: str) -> None:
    course = school.course(**fields)
    client = visit(people.student)
    assert offers(client, course) == ([button] if button else [])
    assert words in client.get(school.path_of(course)).content.decode()


def test_visitor_logs_in_and_comes_back(people: SimpleNamespace, visit: Any) -> None:
    course = school.course()
    assert offers(visit(), course) == ["Log in to enrol"]
    assert f"/accounts/login/?next={school.path_of(course)}" in visit().get(school.path_of(course)).content.decode()
    response = visit().post(f"/enrollment/{course.pk}/enroll/")
    assert response["Location"] == f"/accounts/login/?next={school.path_of(course)}"


def test_the_whole_way_of_a_student(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.classmate)
    assert offers(client, small.course) == [ENROLL]
    client.post(f"/enrollment/{small.course.pk}/enroll/", follow=True)
    assert offers(client, small.course) == [">Start"]
    client.post(f"/enrollment/lessons/{small.lessons[0].pk}/done/", {"done": "1"})
    assert offers(client, small.course) == [">Continue"]
    page = client.post(f"/enrollment/{small.course.pk}/leave/", follow=True).content.decode()
    assert "Your progress is kept" in page
    assert offers(client, small.course) == [BACK]


def test_seats_and_waiting_list(people: SimpleNamespace, visit: Any) -> None:
    course = school.course(capacity=1, waiting_list=True)
    assert "1 of 1" in visit(people.student).get(school.path_of(course)).content.decode()
    enroll(user=people.student, course=course)
    client = visit(people.classmate)
    assert offers(client, course) == [QUEUE]
    page = client.post(f"/enrollment/{course.pk}/enroll/", follow=True).content.decode()
    assert "You are number 1 on the waiting list" in page
    assert "0 of 1" in page


@pytest.mark.parametrize("status", [Status.PAUSED, Status.REMOVED, Status.DECLINED, Status.EXPIRED, Status.REQUESTED])
def test_a_reason_where_there_is_no_button(small: SimpleNamespace, visit: Any, status: Status) -> None:
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=status)
    client = visit(small.student)
    assert offers(client, small.course) == []
    refused = client.get(school.path_of(small.lessons[0]))
    assert refused.status_code == 403
    assert "This lesson is not open to you yet" in refused.content.decode()


def test_wrong_key_keeps_what_was_typed_and_is_limited(people: SimpleNamespace, visit: Any) -> None:
    course = school.course(policy=EnrollmentPolicy.KEY, key="right")
    client = visit(people.student)
    response = client.post(f"/enrollment/{course.pk}/enroll/", {"key": "wrong<b>"})
    assert response.status_code == 422
    assert 'value="wrong&lt;b&gt;"' in response.content.decode()
    assert "not the key" in response.content.decode()
    for _try in range(9):
        client.post(f"/enrollment/{course.pk}/enroll/", {"key": "wrong"})
    assert client.post(f"/enrollment/{course.pk}/enroll/", {"key": "right"}).status_code == 429
    assert not Enrollment.objects.filter(course=course).exists()


def test_full_course_says_so_with_409(people: SimpleNamespace, visit: Any) -> None:
    course = school.course(capacity=1)
    enroll(user=people.student, course=course)
    response = visit(people.classmate).post(f"/enrollment/{course.pk}/enroll/")
    assert response.status_code == 409
    assert "All seats of this course are taken" in response.content.decode()


def test_staff_open_the_lessons_and_nothing_is_recorded(small: SimpleNamespace, visit: Any) -> None:
    for who in (small.teacher, small.editor):
        assert offers(visit(who), small.course) == ["Open the lessons"]
    assert offers(visit(small.other_teacher), small.course) == [ENROLL]


def test_programme_is_public_bodies_are_not(small: SimpleNamespace, visit: Any) -> None:
    html = visit().get(school.path_of(small.course)).content.decode()
    for title in ("Leaves", "Roots", "Green", "Water"):
        assert title in html
    assert "Words." not in html
    assert school.path_of(small.lessons[0]) not in html


def test_unknown_draft_and_bad_courses_are_404(people: SimpleNamespace, visit: Any) -> None:
    draft = school.course(live=False)
    client = visit(people.student)
    for pk in (draft.pk, 999_999):
        assert client.post(f"/enrollment/{pk}/enroll/").status_code == 404
        assert client.post(f"/enrollment/{pk}/leave/").status_code == 404
    assert client.post("/enrollment/99999999999999999999999/enroll/").status_code == 404


def test_changes_need_a_token_and_post(small: SimpleNamespace) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(small.classmate, backend="learning.accounts.backend.AuthenticationBackend")
    for url in (
        f"/enrollment/{small.course.pk}/enroll/",
        f"/enrollment/{small.course.pk}/leave/",
        f"/enrollment/lessons/{small.lessons[0].pk}/done/",
        "/preferences/language/",
        "/preferences/theme/",
        "/me/profile/",
        "/accounts/logout/",
        "/accounts/login/",
    ):
        assert client.post(url).status_code == 403, url
    for url in (f"/enrollment/{small.course.pk}/enroll/", f"/enrollment/{small.course.pk}/leave/"):
        assert client.get(url).status_code == 405
    assert Enrollment.objects.count() == 1


def test_who_is_removed_and_made_active_again_goes_on(small: SimpleNamespace, visit: Any) -> None:
    change_status(enrollment=small.enrollment, after=Status.REMOVED, actor=small.admin)
    change_status(enrollment=small.enrollment, after=Status.ACTIVE, actor=small.admin)
    assert offers(visit(small.student), small.course) == [">Start"]

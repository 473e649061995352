"""Who may read what, asked of the door itself and over HTTP."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.courses.models import CoursePage
from learning.enrollment.access import Refusal, access_to_course, readable_courses
from learning.enrollment.actions import change_status, enroll, leave
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from tests import school

SECRET = "chlorophyll-canary"


@pytest.fixture
def secret(small: SimpleNamespace) -> Any:
    small.lesson = school.lesson(small.modules[0], "Why green", html=f"<p>{SECRET}</p>")
    small.url = school.path_of(small.lesson)
    return small


@pytest.mark.parametrize("status", Status)
def test_status_decides(small: SimpleNamespace, status: Status) -> None:
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=status)
    access = access_to_course(small.student, small.course)
    assert access.granted == (status in {Status.ACTIVE, Status.COMPLETED})
    assert readable_courses(small.student).contains(small.course) == access.granted


def test_staff_and_own_teachers_read_others_do_not(small: SimpleNamespace) -> None:
    def reads(who: Any) -> bool:
        listed = readable_courses(who).contains(small.course)
        assert listed == access_to_course(who, small.course).granted
        return listed

    assert [reads(who) for who in (small.teacher, small.editor, small.moderator, small.admin)] == [True] * 4
    assert [reads(who) for who in (small.other_teacher, small.stranger, small.classmate)] == [False] * 3


def test_teacher_of_a_group_reads_the_course(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="A")
    assert not access_to_course(small.other_teacher, small.course).granted
    group.teachers.add(small.other_teacher)
    assert access_to_course(small.other_teacher, small.course).granted


def test_dates(small: SimpleNamespace) -> None:
    for fields, refusal in (
        ({"starts_at": timezone.now() + timedelta(days=1)}, Refusal.NOT_STARTED),
        ({"starts_at": None, "ends_at": timezone.now() - timedelta(minutes=1)}, Refusal.ENDED),
        ({"ends_at": None}, None),
    ):
        CoursePage.objects.filter(pk=small.course.pk).update(**fields)
        course = school.fresh(small.course)
        assert access_to_course(small.student, course).refusal == refusal
        assert readable_courses(small.student).contains(course) == (refusal is None)


def test_prerequisites_hold_at_the_door_too(small: SimpleNamespace) -> None:
    school.requires(small.course, small.other)
    course = school.fresh(small.course)
    access = access_to_course(small.student, course)
    assert access.refusal == Refusal.PREREQUISITES
    assert [page.pk for page in access.missing] == [small.other.pk]
    assert not readable_courses(small.student).contains(course)
    enrollment = enroll(user=small.student, course=small.other)
    change_status(enrollment=enrollment, after=Status.COMPLETED, actor=small.admin)
    assert access_to_course(small.student, course).granted
    assert readable_courses(small.student).contains(course)


def test_visitor_is_sent_to_log_in_and_back(secret: Any, visit: Any) -> None:
    response = visit().get(secret.url)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={secret.url}"


def test_stranger_gets_the_course_page_with_the_reason(secret: Any, visit: Any) -> None:
    response = visit(secret.stranger).get(secret.url)
    assert response.status_code == 403
    assert SECRET not in response.content.decode()
    assert "Enrol to read on" in response.content.decode()
    assert f'action="/enrollment/{secret.course.pk}/enroll/"' in response.content.decode()


@pytest.mark.parametrize("method", ["get", "head", "options", "post"])
def test_no_method_leads_past_the_door(secret: Any, visit: Any, method: str) -> None:
    response = getattr(visit(secret.stranger), method)(secret.url)
    assert SECRET.encode() not in response.content
    assert SECRET not in str(response.headers)


def test_conditional_and_range_requests_tell_nothing(secret: Any, visit: Any) -> None:
    headers = {"Range": "bytes=0-10", "If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT", "If-None-Match": "*"}
    response = visit(secret.stranger).get(secret.url, headers=headers)
    assert response.status_code == 403
    assert SECRET.encode() not in response.content


def test_removal_works_at_the_next_request(secret: Any, visit: Any) -> None:
    client = visit(secret.student)
    assert SECRET in client.get(secret.url).content.decode()
    change_status(enrollment=secret.enrollment, after=Status.REMOVED, actor=secret.admin)
    assert client.get(secret.url).status_code == 403


def test_leaving_closes_and_coming_back_opens(secret: Any, visit: Any) -> None:
    client = visit(secret.student)
    leave(user=secret.student, course=secret.course)
    assert client.get(secret.url).status_code == 403
    enroll(user=secret.student, course=secret.course)
    assert client.get(secret.url).status_code == 200


def test_deactivated_person_is_out_at_once(secret: Any, visit: Any) -> None:
    client = visit(secret.student)
    assert client.get(secret.url).status_code == 200
    secret.student.is_active = False
    secret.student.save()
    assert client.get(secret.url).status_code == 302


def test_free_preview_is_open_and_its_neighbours_are_not(small: SimpleNamespace, visit: Any) -> None:
    free = school.lesson(small.modules[0], "Taste", html="<p>open words</p>", free_preview=True)
    assert "open words" in visit().get(school.path_of(free)).content.decode()
    assert visit().get(school.path_of(small.lessons[0])).status_code == 302


@pytest.mark.parametrize("what", ["course", "module"])
def test_below_an_unpublished_page_is_nothing(secret: Any, visit: Any, what: str) -> None:
    page = secret.course if what == "course" else secret.modules[0]
    page.unpublish()
    assert visit(secret.student).get(secret.url).status_code == 404


def test_gated_pages_are_never_stored(secret: Any, visit: Any) -> None:
    response = visit(secret.student).get(secret.url)
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_missing_and_draft_lessons_look_alike(small: SimpleNamespace, visit: Any) -> None:
    draft = school.lesson(small.modules[0], "Later", live=False)
    for who in (None, small.stranger, small.student):
        answer = visit(who).get(school.path_of(draft))
        missing = visit(who).get(school.path_of(draft).replace("lesson-", "nothing-"))
        assert answer.status_code == missing.status_code == 404


def test_module_introduction_is_gated(small: SimpleNamespace, visit: Any) -> None:
    module = school.module(small.course, "Stems")
    module.introduction = [("text", "<p>intro-canary</p>")]
    school.publish(module)
    url = school.path_of(module)
    assert "intro-canary" in visit(small.student).get(url).content.decode()
    assert visit().get(url).status_code == 302
    refused = visit(small.stranger).get(url)
    assert refused.status_code == 403
    assert "intro-canary" not in refused.content.decode()


def test_view_restriction_of_an_editor_is_obeyed(small: SimpleNamespace, visit: Any) -> None:
    from wagtail.models import PageViewRestriction

    url = school.path_of(small.course)
    assert visit().get(url).status_code == 200
    PageViewRestriction.objects.create(page=small.course, restriction_type="login")
    assert "Botany" not in visit().get("/courses/").content.decode()
    assert "Zoology" in visit().get("/courses/").content.decode()
    assert visit().get(url).status_code == 302
    assert visit(small.stranger).get(url).status_code == 200

"""The API: the same door and actions as the pages, with tokens, pages, tags, limits and problems."""

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from learning.accounts.actions import create_token
from learning.accounts.models import PersonalToken, User
from learning.courses.enums import EnrollmentPolicy
from learning.enrollment.groups import mark_for_groups
from learning.enrollment.models import Completion, Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from tests import school
from tests.accounts.test_data import log_in
from tests.test_budgets import queries

API = "/api/v1"


def call(client: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    data = json.dumps(body if body is not None else {})
    return getattr(client, method)(API + path, data, content_type="application/json", headers=headers)


def bearer(user: User, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token(user=user, name='test', scopes=scopes)}"}


def is_problem(answer: Any, status: int, code: str) -> bool:
    body = answer.json()
    return (
        answer.status_code == status
        and answer.headers["Content-Type"] == "application/problem+json"
        and (body["status"], body["code"]) == (status, code)
        and bool(body["title"] and body["detail"])
    )


def test_catalogue_and_programme_are_public(small: SimpleNamespace, visit: Any) -> None:
    client = visit()
    items = client.get(f"{API}/courses").json()["items"]
    assert [item["title"] for item in items] == ["Botany", "Zoology"]
    course = client.get(f"{API}/courses/{small.course.pk}").json()
    assert [module["title"] for module in course["modules"]] == ["Leaves", "Roots"]
    assert [lesson["title"] for lesson in course["modules"][0]["lessons"]] == ["Green", "Edges"]
    assert (course["readable"], course["refusal"], course["status"]) == (False, "log_in", None)
    assert "Words" not in json.dumps(course)
    assert is_problem(client.get(f"{API}/courses/99999"), 404, "not_found")
    assert is_problem(client.get(f"{API}/courses/{2**40}"), 422, "invalid")
    assert is_problem(client.get(f"{API}/nothing"), 404, "not_found")
    assert is_problem(client.get(f"{API}/courses/99999999999999999999"), 404, "not_found")


def test_hidden_content_is_not_in_the_programme(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    mark_for_groups(course_id=small.course.pk, page_id=small.modules[1].pk, groups=[group], actor=small.admin)
    for who in (None, small.student):
        body = visit(who).get(f"{API}/courses/{small.course.pk}").content.decode()
        assert "Roots" not in body
        assert "Water" not in body
    assert "Roots" in visit(small.teacher).get(f"{API}/courses/{small.course.pk}").content.decode()


def test_enrol_read_finish_leave_with_a_token(small: SimpleNamespace) -> None:
    client, auth = Client(), bearer(small.stranger, "read", "learn")
    assert call(client, "post", f"/courses/{small.course.pk}/enroll", **auth).json()["status"] == "active"
    for lesson in small.lessons:
        answer = call(client, "put", f"/lessons/{lesson.pk}/done", {"done": True}, **auth)
        assert answer.status_code == 200
    assert answer.json()["percent"] == 100
    mine = client.get(f"{API}/me/enrollments", headers=auth).json()["items"]
    assert [(item["course"], item["status"], item["percent"]) for item in mine] == [("Botany", "completed", 100)]
    assert call(client, "post", f"/courses/{small.course.pk}/leave", **auth).json()["status"] == "left"
    assert is_problem(call(client, "put", f"/lessons/{small.lessons[0].pk}/done", **auth), 404, "not_found")
    assert client.get(f"{API}/me", headers=auth).json()["email"] == "stranger@example.org"


def test_refusals_are_those_of_the_page(small: SimpleNamespace, visit: Any) -> None:
    client, auth = Client(), bearer(small.stranger, "learn")
    key = school.course(policy=EnrollmentPolicy.KEY, key="sesame")
    closed = school.course(policy=EnrollmentPolicy.CLOSED)
    full = school.course(capacity=1)
    school.enrolled(small.student, full)
    assert is_problem(call(client, "post", f"/courses/{key.pk}/enroll", {"key": "x"}, **auth), 422, "wrong_key")
    assert is_problem(call(client, "post", f"/courses/{closed.pk}/enroll", **auth), 409, "closed")
    assert is_problem(call(client, "post", f"/courses/{full.pk}/enroll", **auth), 409, "full")
    assert is_problem(call(client, "post", f"/courses/{small.course.pk}/leave", **auth), 409, "not_enrolled")
    assert call(client, "post", f"/courses/{key.pk}/enroll", {"key": "Sesame"}, **auth).status_code == 200
    for _try in range(12):
        last = call(client, "post", f"/courses/{school.course(policy='key', key='k').pk}/enroll", **auth)
    assert last.status_code in {422, 429}


def test_keys_cannot_be_guessed_over_the_api(small: SimpleNamespace) -> None:
    client, auth = Client(), bearer(small.stranger, "learn")
    course = school.course(policy=EnrollmentPolicy.KEY, key="sesame")
    answers = [call(client, "post", f"/courses/{course.pk}/enroll", {"key": "x"}, **auth) for _ in range(12)]
    assert is_problem(answers[-1], 429, "too_many")
    assert is_problem(call(client, "post", f"/courses/{course.pk}/enroll", {"key": "sesame"}, **auth), 429, "too_many")


def test_session_needs_the_csrf_token(small: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(small.stranger, backend="learning.accounts.backend.AuthenticationBackend")
    path = f"/courses/{small.course.pk}/enroll"
    assert is_problem(call(client, "post", path), 403, "csrf")
    assert not Enrollment.objects.filter(user=small.stranger).exists()
    client.get(school.path_of(small.course))
    token = client.cookies["csrftoken"].value
    assert call(client, "post", path, **{"X-CSRFToken": token}).status_code == 200
    assert is_problem(call(Client(), "post", path), 401, "not_signed_in")


def test_tokens_have_scopes_an_end_and_are_revoked(small: SimpleNamespace) -> None:
    client = Client()
    reads = bearer(small.student, "read")
    assert is_problem(call(client, "post", f"/courses/{small.other.pk}/enroll", **reads), 403, "scope")
    assert client.get(f"{API}/me", headers=reads).status_code == 200
    PersonalToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert is_problem(client.get(f"{API}/me", headers=reads), 401, "not_signed_in")
    PersonalToken.objects.update(expires_at=None)
    small.student.is_active = False
    small.student.save()
    assert client.get(f"{API}/me", headers=reads).status_code == 401
    assert client.get(f"{API}/me", headers={"Authorization": "Bearer parta_forged"}).status_code == 401


def test_tokens_are_made_and_revoked_in_the_profile(small: SimpleNamespace, visit: Any) -> None:
    client = visit()
    log_in(client, small.student)
    page = client.post("/me/tokens/", {"name": "calendar", "scopes": ["read"], "days": "30"}).content.decode()
    key = page.split('<code class="token">')[1].split("<")[0]
    assert key not in client.get("/me/tokens/").content.decode()
    assert key not in str(list(PersonalToken.objects.values()))
    auth = {"Authorization": f"Bearer {key}"}
    assert Client().get(f"{API}/me", headers=auth).status_code == 200
    token = PersonalToken.objects.get()
    assert visit(small.classmate).post(f"/me/tokens/{token.pk}/revoke/").status_code == 404
    client.post(f"/me/tokens/{token.pk}/revoke/")
    assert Client().get(f"{API}/me", headers=auth).status_code == 401
    assert client.post("/me/tokens/", {"name": "", "scopes": ["all"], "days": "9999"}).status_code == 422


def test_teachers_see_their_own_courses_only(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=group)
    client = Client()
    own, foreign = bearer(small.teacher, "teach", "manage"), bearer(small.other_teacher, "teach", "manage")
    paths = [
        f"/courses/{small.course.pk}/groups",
        f"/courses/{small.course.pk}/enrollments",
        f"/groups/{group.pk}/members",
    ]
    for path in paths:
        assert client.get(API + path, headers=own).status_code == 200
        assert is_problem(client.get(API + path, headers=foreign), 404, "not_found")
        assert is_problem(client.get(API + path, headers=bearer(small.student, "teach")), 404, "not_found")
        assert is_problem(client.get(API + path), 401, "not_signed_in")
    row = client.get(f"{API}/courses/{small.course.pk}/enrollments?status=active", headers=own).json()["items"][0]
    assert row["email"] == "student@example.org"
    status = f"/enrollments/{small.enrollment.pk}/status"
    assert is_problem(call(client, "post", status, {"status": "removed"}, **foreign), 404, "not_found")
    assert is_problem(call(client, "post", status, {"status": "requested"}, **own), 409, "no_such_step")
    assert is_problem(call(client, "post", status, {"status": "nonsense"}, **own), 422, "invalid")
    assert call(client, "post", status, {"status": "paused"}, **own).json()["status"] == "paused"
    assert school.fresh(small.enrollment).status == Status.PAUSED


def test_pages_by_cursor_give_each_row_once(small: SimpleNamespace) -> None:
    for _ in range(7):
        school.enrolled(school.person(), small.course)
    client, auth = Client(), bearer(small.teacher, "teach")
    seen, cursor = [], ""
    for _page in range(10):
        answer = client.get(f"{API}/courses/{small.course.pk}/enrollments?limit=3&cursor={cursor}", headers=auth).json()
        seen += [item["enrollment_id"] for item in answer["items"]]
        cursor = answer["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 8
    for wrong in ("x", "e30=", "eyJrIjoieCJ9", "eyJrIjp0cnVlfQ=="):
        answer = client.get(f"{API}/courses/{small.course.pk}/enrollments?cursor={wrong}", headers=auth)
        assert is_problem(answer, 422, "cursor")


def test_entity_tags_and_rate_headers(small: SimpleNamespace, visit: Any) -> None:
    client = visit()
    answer = client.get(f"{API}/courses")
    tag = answer.headers["ETag"]
    assert int(answer.headers["RateLimit-Remaining"]) < int(answer.headers["RateLimit-Limit"])
    again = client.get(f"{API}/courses", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    school.course("Geology")
    assert client.get(f"{API}/courses", headers={"If-None-Match": tag}).status_code == 200


def test_too_many_requests_are_refused(small: SimpleNamespace, visit: Any) -> None:
    client = visit()
    answers = [call(client, "post", f"/courses/{small.course.pk}/enroll") for _ in range(25)]
    assert {answer.status_code for answer in answers} == {401}
    auth = bearer(small.stranger, "learn")
    # of the minute, and of the next where the first ends meanwhile
    for _n in range(250):
        answer = call(client, "post", f"/courses/{small.course.pk}/enroll", **auth)
        if answer.status_code == 429:
            break
    assert is_problem(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 60


def test_search_finds_what_the_page_finds(small: SimpleNamespace, visit: Any) -> None:
    from django.core.management import call_command

    call_command("update_index", verbosity=0)
    titles = [hit["title"] for hit in visit(small.student).get(f"{API}/search?q=words").json()["items"]]
    assert {"Green", "Edges", "Water"} <= set(titles)
    assert visit(small.stranger).get(f"{API}/search?q=words").json()["items"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'{"key": 5}', b'{"key": "\\u0000"}', b"null"])
def test_odd_bodies_are_refused_cleanly(small: SimpleNamespace, body: bytes) -> None:
    auth = bearer(small.stranger, "learn")
    path = f"{API}/courses/{small.course.pk}/enroll"
    answer = Client().post(path, body, content_type="application/json", headers=auth)
    assert answer.status_code in {200, 400, 422}


def test_description_is_served_from_here_alone(small: SimpleNamespace, visit: Any) -> None:
    page = visit().get(f"{API}/docs").content.decode()
    assert "https://" not in page
    schema = visit().get(f"{API}/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    assert "example" in json.dumps(schema)


def test_lists_of_the_api_keep_to_their_queries(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    paths = ["/courses", f"/courses/{small.course.pk}", f"/courses/{small.course.pk}/enrollments", "/me/enrollments"]
    few = {path: queries(client, API + path) for path in paths}
    for _ in range(20):
        school.enrolled(school.person(), small.course)
        school.course()
    many = {path: queries(client, API + path) for path in paths}
    assert max(many.values()) <= 12, many
    assert all(many[path] <= few[path] + 1 for path in paths), (few, many)


def test_done_lessons_are_ones_own(small: SimpleNamespace) -> None:
    auth = bearer(small.classmate, "learn", "read")
    assert is_problem(call(Client(), "put", f"/lessons/{small.lessons[0].pk}/done", **auth), 404, "not_found")
    assert not Completion.objects.exists()

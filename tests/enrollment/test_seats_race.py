"""Seats under a race, with real transactions and threads."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection
from django.test import Client

from learning.accounts.actions import create_token
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.actions import EnrollmentError, change_status, enroll, leave
from learning.enrollment.models import Enrollment, Seats
from learning.enrollment.scopes import LEARN
from learning.enrollment.statuses import SEATED, Status
from tests import school
from tests.conftest import make_people

CROWD = 12


def at_once(jobs: list[Callable[[], object]]) -> list[object]:
    """Run all jobs from one starting line; returns what each gave or raised."""
    line = threading.Barrier(len(jobs))
    results: list[object] = [None] * len(jobs)

    def run(place: int, job: Callable[[], object]) -> None:
        line.wait()
        try:
            results[place] = job()
        except EnrollmentError as error:
            results[place] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.usefixtures("real_db")
def test_last_seat_goes_to_one() -> None:
    course = school.course(capacity=1)
    crowd = [school.person() for _ in range(CROWD)]
    results = at_once([lambda who=who: enroll(user=who, course=course) for who in crowd])
    assert results.count("full") == CROWD - 1
    assert Enrollment.objects.filter(course=course, status__in=SEATED).count() == 1
    assert Seats.objects.get(pk=course.pk).taken == 1


@pytest.mark.usefixtures("real_db")
def test_one_person_many_clicks_is_one_row() -> None:
    course, who = school.course(), school.person()
    results = at_once([lambda: enroll(user=who, course=course).pk] * CROWD)
    assert len(set(results)) == 1
    assert Enrollment.objects.filter(course=course).count() == 1
    assert Seats.objects.get(pk=course.pk).taken == 1


@pytest.mark.usefixtures("real_db")
def test_enrolling_leaving_and_approving_mixed_never_exceeds() -> None:
    people = make_people()
    course = school.course(capacity=2, waiting_list=True)
    seated = [school.person() for _ in range(2)]
    for who in seated:
        enroll(user=who, course=course)
    crowd = [school.person() for _ in range(5)]
    queued = [enroll(user=school.person(), course=course) for _ in range(2)]
    jobs: list[Callable[[], object]] = [lambda who=who: enroll(user=who, course=course) for who in crowd]
    jobs += [lambda who=who: leave(user=who, course=course) for who in seated]
    jobs += [lambda row=row: change_status(enrollment=row, after=Status.ACTIVE, actor=people.admin) for row in queued]
    at_once(jobs)
    taken = Enrollment.objects.filter(course=course, status__in=SEATED).count()
    waiting = Enrollment.objects.filter(course=course, status=Status.WAITLISTED).count()
    seats = Seats.objects.get(pk=course.pk)
    assert taken == 2
    assert (seats.taken, seats.waiting) == (taken, waiting)


@pytest.mark.usefixtures("real_db")
def test_page_api_and_cms_at_once_give_one_seat() -> None:
    people = make_people()
    backend = "learning.accounts.backend.AuthenticationBackend"
    crowd = [school.person() for _ in range(CROWD)]
    keys = [create_token(user=who, name="race", scopes=[LEARN.code]) for who in crowd]
    for _repetition in range(3):
        course = school.course(capacity=1)

        def by_page(who: User, key: str, course: CoursePage = course) -> object:
            client = Client()
            client.force_login(who, backend=backend)
            return client.post(f"/enrollment/{course.pk}/enroll/").status_code

        def by_api(who: User, key: str, course: CoursePage = course) -> object:
            headers = {"Authorization": f"Bearer {key}"}
            path = f"/api/v1/courses/{course.pk}/enroll"
            return Client().post(path, {}, content_type="application/json", headers=headers).status_code

        def by_cms(who: User, key: str, course: CoursePage = course) -> object:
            client = Client()
            client.force_login(people.admin, backend=backend)
            form = {"course": course.pk, "email": who.email, "reason": ""}
            return client.post("/cms/enrollment/enrollment/new/", form).status_code

        ways = (by_page, by_api, by_cms)
        pairs = zip(crowd, keys, strict=True)
        results = at_once([partial(ways[n % 3], who, key) for n, (who, key) in enumerate(pairs)])
        assert all(isinstance(status, int) and status < 500 for status in results), results
        assert Enrollment.objects.filter(course=course, status__in=SEATED).count() == 1
        assert Seats.objects.get(pk=course.pk).taken == 1

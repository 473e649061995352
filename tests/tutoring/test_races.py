"""Many at once: one lesson at one time, one charge, one last unit. On both databases."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Sum
from django.utils import timezone

from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import Attendance, LedgerLine, Lesson, LineKind, Package, Project, Status
from learning.tutoring.money.packages import buy_package
from learning.tutoring.schedule.changing import add_lesson, move_lesson
from tests.conftest import make_people
from tests.tutoring.making import coming_lesson, past_lesson, project

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ROUNDS = 5  # `make test`; a hundred were run by hand


@pytest.fixture
def practice(real_db: None) -> SimpleNamespace:
    people = make_people()
    return SimpleNamespace(project=project(people.teacher, people.student, price=3000), **vars(people))


def at_once(*actions: Callable[[], Any]) -> list[str]:
    """Run these in threads that begin together; return how each ended: `done`, or the code of its error."""
    ends: list[str] = [""] * len(actions)
    barrier = threading.Barrier(len(actions))

    def run(place: int) -> None:
        barrier.wait()
        try:
            actions[place]()
            ends[place] = "done"
        except TutoringError as error:
            ends[place] = error.code
        except Exception as error:
            ends[place] = repr(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def test_twenty_lessons_for_one_time(practice: SimpleNamespace) -> None:
    others = [project(practice.teacher, practice.student, taught=f"Subject {n}") for n in range(20)]
    for turn in range(ROUNDS):
        at = timezone.now() + timedelta(days=3 + turn)
        ends = at_once(
            *(partial(add_lesson, project=one, starts_at=at, minutes=60, actor=practice.teacher) for one in others)
        )
        assert sorted(ends) == ["clash"] * 19 + ["done"]
        assert Lesson.objects.filter(starts_at=at).count() == 1


def test_two_lessons_moved_into_one_time(practice: SimpleNamespace) -> None:
    for turn in range(ROUNDS):
        pair = [coming_lesson(practice.project, hours=100 + 10 * turn + n) for n in (0, 2)]
        at = pair[0].starts_at + timedelta(hours=5)
        ends = at_once(
            *(partial(move_lesson, lesson=one, starts_at=at, minutes=60, actor=practice.teacher) for one in pair)
        )
        assert sorted(ends) == ["clash", "done"]


def test_two_tabs_mark_one_lesson(practice: SimpleNamespace) -> None:
    for turn in range(ROUNDS):
        lesson = past_lesson(practice.project, hours_ago=3 + 2 * turn)
        tabs = [partial(mark, lesson=lesson, status=Status.HELD, actor=practice.teacher)] * 4
        assert at_once(*tabs) == ["done"] * 4
        assert LedgerLine.objects.filter(lesson=lesson).count() == 1
    assert LedgerLine.objects.aggregate(total=Sum("amount"))["total"] == -3000 * ROUNDS


def test_the_last_unit_of_a_package_is_used_once(practice: SimpleNamespace) -> None:
    for turn in range(ROUNDS):
        package = buy_package(
            project=practice.project, payer=practice.student, units=1, minutes=60, price=0,
            bought_on=practice.project.starts_on, expires_on=None, actor=practice.teacher,
        )  # fmt: skip
        pair = [past_lesson(practice.project, hours_ago=3 + 4 * turn + 2 * n) for n in (0, 1)]
        ends = at_once(*(partial(mark, lesson=one, status=Status.HELD, actor=practice.teacher) for one in pair))
        assert ends == ["done", "done"]
        assert Package.objects.with_left().get(pk=package.pk).left == 0
        kinds = LedgerLine.objects.filter(lesson__in=pair).values_list("kind", flat=True)
        assert sorted(kinds) == [LineKind.CHARGE, LineKind.UNIT]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such constraint; the lock keeps the rule")
def test_the_database_itself_refuses_two_lessons_at_one_time(practice: SimpleNamespace) -> None:
    from django.db import IntegrityError, transaction

    lesson = coming_lesson(practice.project)
    same = {"starts_at": lesson.starts_at + timedelta(minutes=30), "ends_at": lesson.ends_at + timedelta(minutes=30)}
    facts = {"project": practice.project, "policy": lesson.policy, "currency": "EUR"}
    with pytest.raises(IntegrityError, match="tutoring_teacher_one_lesson"), transaction.atomic():
        Lesson.objects.create(teacher=practice.teacher, **facts, **same)
    other = Lesson.objects.create(teacher=practice.other_teacher, **facts, **same)
    with pytest.raises(IntegrityError, match="tutoring_student_one_lesson"), transaction.atomic():
        Attendance.objects.create(lesson=other, student=practice.student, payer=practice.student, **same)
    back_to_back = {"starts_at": lesson.ends_at, "ends_at": lesson.ends_at + timedelta(minutes=30)}
    Lesson.objects.create(teacher=practice.teacher, **facts, **back_to_back)
    Lesson.objects.create(teacher=practice.teacher, status=Status.CANCELLED, **facts, **same)
    assert Project.objects.count() == 1

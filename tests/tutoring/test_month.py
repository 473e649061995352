"""A teacher's month: hours, earned, received and owed, each of which adds up by project."""

import csv
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import Lesson, Status
from learning.tutoring.money.ledger import add_entry, add_payment
from learning.tutoring.money.month import Month, teachers_month
from tests.tutoring.making import past_lesson, project
from tests.tutoring.test_money import account_of, held, package


def days_ago(days: int) -> Any:
    return timezone.localdate() - timedelta(days=days)


def given(of: Any, days: int) -> Lesson:
    """A lesson that was held so many days ago."""
    return mark(lesson=past_lesson(of, hours_ago=24 * days + 3), status=Status.HELD, actor=of.teacher)[0]


def pay(of: Any, payer: Any, amount: int, days: int = 0, **facts: Any) -> Any:
    day = days_ago(days)
    teacher = of.teacher
    return add_payment(
        teacher=teacher,
        payer=payer,
        amount=amount,
        currency=of.currency,
        day=day,
        method="cash",
        actor=teacher,
        **facts,
    )


def by_name(month: Month) -> dict[str, tuple[int, int]]:
    return {row.name: (row.received, row.owed) for row in month.projects if row.received or row.owed}


@pytest.fixture
def two(people: SimpleNamespace) -> SimpleNamespace:
    english = project(people.teacher, people.student, price=3000)
    german = project(people.teacher, people.student, price=2000, taught="German")
    return SimpleNamespace(english=english, german=german, payer=people.student, teacher=people.teacher)


def test_a_payment_goes_to_the_projects_whose_lessons_it_pays(two: SimpleNamespace) -> None:
    given(two.english, 3)
    given(two.german, 2)
    pay(two.english, two.payer, 4000)
    month = teachers_month(two.teacher, timezone.localdate())
    assert by_name(month) == {"English": (3000, 0), "German": (1000, 1000)}
    assert (month.received, month.owed) == ({"EUR": 4000}, {"EUR": 1000})


def test_a_payment_goes_where_the_teacher_says(two: SimpleNamespace) -> None:
    given(two.english, 3)
    charge = given(two.german, 2).lines.get()
    pay(two.english, two.payer, 2000, allocations={charge.pk: 2000})
    assert by_name(teachers_month(two.teacher, timezone.localdate())) == {"English": (0, 3000), "German": (2000, 0)}


def test_what_is_paid_in_advance_is_of_no_project(two: SimpleNamespace) -> None:
    given(two.english, 2)
    pay(two.english, two.payer, 5000)
    rows = by_name(teachers_month(two.teacher, timezone.localdate()))
    assert rows == {"English": (3000, 0), "In advance, or for no project": (2000, 0)}


def test_a_payment_of_another_month_is_not_of_this_one(two: SimpleNamespace) -> None:
    given(two.english, 50)
    given(two.english, 49)
    pay(two.english, two.payer, 3000, days=45)
    month = teachers_month(two.teacher, timezone.localdate())
    assert by_name(month) == {"English": (0, 3000)}
    assert month.received == {}
    pay(two.english, two.payer, 1000)
    assert by_name(teachers_month(two.teacher, timezone.localdate())) == {"English": (1000, 2000)}


def test_packages_are_of_their_project_and_write_offs_receive_nothing(two: SimpleNamespace) -> None:
    package(two.german, two.payer, 2)
    given(two.english, 1)
    add_entry(
        account=account_of(two.english, two.payer), kind="write_off", amount=1000, currency="EUR",
        day=timezone.localdate(), note="", actor=two.teacher, key="test:write-off",
    )  # fmt: skip
    month = teachers_month(two.teacher, timezone.localdate())
    assert by_name(month) == {"German": (0, 4000), "English": (0, 3000)}
    assert (month.received, month.owed) == ({}, {"EUR": 7000})


def test_one_payers_credit_does_not_hide_anothers_debt(people: SimpleNamespace) -> None:
    english = project(people.teacher, people.student, people.classmate, price=3000)
    held(english)
    pay(english, people.student, 9000)
    month = teachers_month(people.teacher, timezone.localdate())
    assert by_name(month) == {"English": (3000, 3000), "In advance, or for no project": (6000, 0)}


def test_the_page_and_its_table_add_up(two: SimpleNamespace, visit: Any) -> None:
    given(two.english, 3)
    given(two.german, 2)
    pay(two.english, two.payer, 9000)
    client = visit(two.teacher)
    page = client.get("/tutoring/month/").content.decode()
    assert "In advance, or for no project" in page
    table = client.get("/tutoring/month/?format=csv").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(table.splitlines()))
    assert [row["Received"] for row in rows] == ["30.00", "20.00", "40.00"]
    assert {row["Owed today"] for row in rows} == {"0.00"}


def test_a_substitutes_month_does_not_link_to_the_project_of_another(people: SimpleNamespace, visit: Any) -> None:
    own = project(people.teacher, people.student, price=3000, taught="Rhetoric")
    lesson = held(own)
    Lesson.objects.filter(pk=lesson.pk).update(teacher=people.other_teacher)
    day = timezone.localtime(lesson.starts_at, own.zone).date()
    page = visit(people.other_teacher).get(f"/tutoring/month/?day={day}").content.decode()
    assert "Rhetoric" in page
    assert own.get_absolute_url() not in page


def test_the_month_of_many_projects_takes_as_many_queries_as_of_one(
    two: SimpleNamespace, django_assert_num_queries: Any
) -> None:
    for days, of in enumerate((two.english, two.german), start=1):
        given(of, days)
        given(of, days + 2)
        pay(of, two.payer, 1000)
    with django_assert_num_queries(8):
        teachers_month(two.teacher, timezone.localdate())

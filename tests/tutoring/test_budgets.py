"""Pages of private lessons have a bounded number of queries, however many rows there are."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from learning.tutoring.homework.actions import Item, give_homework
from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import (
    Account,
    LessonKind,
    Project,
    Status,
)
from learning.tutoring.money.packages import buy_package
from learning.tutoring.projects.actions import join
from tests import school
from tests.test_budgets import queries
from tests.tutoring.making import coming_lesson, past_lesson, project, weekly


def test_pages_have_a_bounded_number_of_queries(people: SimpleNamespace, visit: Any) -> None:
    def count() -> dict[str, int]:
        return {
            "week": queries(visit(people.teacher), "/calendar/"),
            "student": queries(visit(people.student), "/me/"),
            "teacher": queries(visit(people.teacher), "/me/"),
            "project": queries(visit(people.teacher), made.get_absolute_url()),
            "projects": queries(visit(people.teacher), "/tutoring/"),
            "accounts": queries(visit(people.teacher), "/tutoring/accounts/"),
            "students": queries(visit(people.teacher), "/tutoring/students/"),
            "timeline": queries(visit(people.teacher), f"{made.get_absolute_url()}timeline/"),
            "payment": queries(visit(people.teacher), f"{account.get_absolute_url()}payment/"),
            "month": queries(visit(people.teacher), "/tutoring/month/"),
            "kinds": queries(visit(people.teacher), "/tutoring/kinds/"),
            "homework": queries(visit(people.student), "/homework/"),
            "cms": queries(visit(people.admin), "/cms/tutoring/lesson/"),
        }

    def homework_and_money(of: Project) -> None:
        for student in (people.student, people.classmate):
            items = [Item("text", text="Write")]
            give_homework(teacher=people.teacher, title="Letter", items=items, students=[student], project=of)
            buy_package(
                project=of, payer=student, units=2, minutes=60, price=100, bought_on=of.today, expires_on=None,
                actor=people.teacher,
            )  # fmt: skip

    made = project(people.teacher, people.student, people.classmate, price=3000)
    homework_and_money(made)
    account = Account.objects.get(payer=people.student)
    mark(lesson=past_lesson(made, hours_ago=90, minutes=90), status=Status.HELD, actor=people.teacher)
    coming_lesson(made, hours=30)
    past_lesson(made, hours_ago=30)
    few = count()
    for n in range(8):
        other = project(people.teacher, people.student, people.classmate, price=3000, taught=f"Subject {n}")
        weekly(other, (n % 7, f"{8 + n:02}:00"), from_date=other.today + timedelta(days=1))
        past_lesson(other, hours_ago=40 + 2 * n)
        homework_and_money(other)
        mark(lesson=past_lesson(other, hours_ago=100 + 2 * n, minutes=90), status=Status.HELD, actor=people.teacher)
        LessonKind.objects.create(owner=people.teacher, name=f"Kind {n}")
        person = school.person(f"new{n}")
        join(project=made, person=person, joined_on=made.starts_on)
        buy_package(
            project=made, payer=person, units=2, minutes=60, price=100, bought_on=made.today, expires_on=None,
            actor=people.teacher,
        )  # fmt: skip
        mark(lesson=past_lesson(made, hours_ago=150 + 2 * n, minutes=90), status=Status.HELD, actor=people.teacher)
    many = count()
    assert many["week"] <= 8, many
    assert many["student"] <= 10, many
    assert all(many[page] <= few[page] + 1 for page in few), (few, many)
    assert max(many.values()) <= 30, many

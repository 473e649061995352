"""Rules applied, lessons moved and cancelled in any order; and money entered in any order."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import mark, reopen, set_presence
from learning.tutoring.models import (
    Account,
    Attendance,
    By,
    LedgerLine,
    Lesson,
    LineKind,
    Package,
    Presence,
    Project,
    Status,
)
from learning.tutoring.money.allocation import covers_of
from learning.tutoring.money.ledger import add_entry, add_payment, take_back
from learning.tutoring.money.packages import buy_package, return_package
from learning.tutoring.schedule.applying import NEW, apply_rules, end_rule, preview
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.changing import bring_back, cancel_lesson, move_lesson, swap_lessons
from learning.tutoring.schedule.plan import FOLLOW, KEEP
from tests.tutoring.making import past_lesson, project, proposal

STEPS = settings(
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,  # the same steps each time: no test may be flaky
    suppress_health_check=list(HealthCheck),
)
HOUR = timedelta(hours=1)
picks = st.integers(min_value=0, max_value=30)


class Rolled(RuleBasedStateMachine):
    """A machine whose changes of the database are undone at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)


def schedule_machine(of: Project) -> type[RuleBasedStateMachine]:
    class Schedule(Rolled):
        def __init__(self) -> None:
            super().__init__()
            self.held: dict[int, Any] = {}
            self.rule_id = NEW
            self.from_date = of.today

        def lessons(self, *statuses: str) -> list[Lesson]:
            return list(Lesson.objects.filter(project=of, status__in=statuses).order_by("pk"))

        def pick(self, number: int, *statuses: str) -> Lesson | None:
            found = self.lessons(*statuses)
            return found[number % len(found)] if found else None

        def apply(self, change: Any, decision: str) -> None:
            plan = preview(of, change)
            decisions = {one.lesson.pk: decision for one in plan.by_hand}
            apply_rules(project=of, actor=of.teacher, proposal=change, decisions=decisions)
            # whatever was decided, the second application is empty
            assert preview(of).is_empty

        @rule(
            weekday=st.integers(0, 6), hour=st.integers(6, 22), every=st.integers(1, 3),
            decision=st.sampled_from([KEEP, FOLLOW]), later=st.integers(0, 20),
        )  # fmt: skip
        def change_rule(self, weekday: int, hour: int, every: int, decision: str, later: int) -> None:
            self.from_date += timedelta(days=later if self.rule_id != NEW else 0)
            rows = ((weekday, f"{hour:02}:00"), ((weekday + 2) % 7, f"{hour:02}:30"))
            change = proposal(self.from_date, *rows, rule_id=self.rule_id, every=every)
            self.apply(change, decision)
            self.rule_id = of.rules.get().pk

        @precondition(lambda self: self.rule_id != NEW)
        @rule(decision=st.sampled_from([KEEP, FOLLOW]))
        def end(self, decision: str) -> None:
            change = end_rule(project=of, rule_id=self.rule_id, from_date=self.from_date)
            self.apply(change, decision)

        @rule(number=picks, hours=st.integers(-30, 30))
        def move(self, number: int, hours: int) -> None:
            lesson = self.pick(number, Status.PLANNED)
            if lesson is not None:
                try:
                    move_lesson(lesson=lesson, starts_at=lesson.starts_at + hours * HOUR, minutes=60, actor=of.teacher)
                except ClashError:
                    assert Lesson.objects.get(pk=lesson.pk).starts_at == lesson.starts_at

        @rule(number=picks, other=picks)
        def swap(self, number: int, other: int) -> None:
            first, second = self.pick(number, Status.PLANNED), self.pick(other, Status.PLANNED)
            if first is not None and second is not None and first != second:
                with suppress(ClashError):
                    swap_lessons(first=first, second=second, actor=of.teacher)

        @rule(number=picks)
        def cancel(self, number: int) -> None:
            lesson = self.pick(number, Status.PLANNED)
            if lesson is not None:
                cancel_lesson(lesson=lesson, by=By.TEACHER, actor=of.teacher)

        @rule(number=picks)
        def back(self, number: int) -> None:
            lesson = self.pick(number, Status.CANCELLED)
            if lesson is not None:
                try:
                    bring_back(lesson=lesson, actor=of.teacher)
                except ClashError:
                    assert Lesson.objects.get(pk=lesson.pk).status == Status.CANCELLED

        @rule(number=picks)
        def hold(self, number: int) -> None:
            lesson = self.pick(number, Status.PLANNED)
            if lesson is not None:
                begins = timezone.now() - (len(self.held) + 2) * 2 * HOUR
                Lesson.objects.filter(pk=lesson.pk).update(starts_at=begins, ends_at=begins + HOUR)
                Attendance.objects.filter(lesson=lesson).update(starts_at=begins, ends_at=begins + HOUR)
                mark(lesson=lesson, status=Status.HELD, actor=of.teacher)
                self.held[lesson.pk] = begins

        @invariant()
        def keys_are_unique(self) -> None:
            keys = list(Lesson.objects.exclude(rule=None).values_list("rule", "rule_date", "slot"))
            assert len(keys) == len(set(keys))

        @invariant()
        def held_lessons_are_untouched(self) -> None:
            stored = {lesson.pk: lesson.starts_at for lesson in self.lessons(Status.HELD)}
            assert stored == self.held

        @invariant()
        def nobody_is_in_two_lessons(self) -> None:
            rows = list(Lesson.objects.taking_time().order_by("starts_at").values_list("starts_at", "ends_at"))
            assert all(end <= start for (_s, end), (start, _e) in pairwise(rows))

        @invariant()
        def attendance_follows_its_lesson(self) -> None:
            for one in Attendance.objects.select_related("lesson"):
                assert (one.starts_at, one.ends_at) == (one.lesson.starts_at, one.lesson.ends_at)
                assert one.takes_time == (one.lesson.status != Status.CANCELLED)

    return Schedule


def ledger_machine(of: Project) -> type[RuleBasedStateMachine]:
    teacher, payer = of.teacher, of.students.get().student
    today = timezone.localdate()

    class Ledger(Rolled):
        def __init__(self) -> None:
            super().__init__()
            self.expected = 0
            self.lessons = [past_lesson(of, hours_ago=5 + 3 * n) for n in range(6)]

        def account(self) -> Account:
            return Account.objects.get_or_create(teacher=teacher, payer=payer)[0]

        def lesson(self, number: int) -> Lesson:
            return Lesson.objects.get(pk=self.lessons[number % len(self.lessons)].pk)

        @rule(number=picks, status=st.sampled_from([Status.HELD, Status.MISSED]))
        def mark(self, number: int, status: str) -> None:
            lesson = self.lesson(number)
            if lesson.status in {Status.PLANNED, status}:
                mark(lesson=lesson, status=status, actor=teacher)
            else:
                with pytest.raises(TutoringError):
                    mark(lesson=lesson, status=status, actor=teacher)

        @rule(number=picks)
        def reopen(self, number: int) -> None:
            reopen(lesson=self.lesson(number), actor=teacher)

        @rule(number=picks, presence=st.sampled_from(list(Presence)))
        def presence(self, number: int, presence: str) -> None:
            set_presence(lesson=self.lesson(number), presences={payer.pk: presence}, actor=teacher)

        @rule(amount=st.integers(1, 9000))
        def pay(self, amount: int) -> None:
            add_payment(
                teacher=teacher, payer=payer, amount=amount, currency="EUR", day=today, method="cash", actor=teacher
            )
            self.expected += amount

        @rule(amount=st.integers(1, 3000), kind=st.sampled_from([LineKind.REFUND, LineKind.WRITE_OFF]))
        def enter(self, amount: int, kind: str) -> None:
            account = self.account()
            add_entry(account=account, kind=kind, amount=amount, currency="EUR", day=today, actor=teacher, note="")
            self.expected += amount if kind == LineKind.WRITE_OFF else -amount

        @rule(number=picks)
        def take_back(self, number: int) -> None:
            lines = list(LedgerLine.objects.filter(kind=LineKind.PAYMENT, reverses=None, reversed_by=None))
            if lines:
                line = lines[number % len(lines)]
                take_back(line=line, day=today, actor=teacher)
                self.expected -= line.amount

        @rule(units=st.integers(1, 3), price=st.integers(0, 7000))
        def buy(self, units: int, price: int) -> None:
            buy_package(
                project=of, payer=payer, units=units, minutes=60, price=price, bought_on=of.starts_on,
                expires_on=None, actor=teacher,
            )  # fmt: skip
            self.expected -= price

        @rule(number=picks)
        def give_back(self, number: int) -> None:
            packages = list(Package.objects.with_left().filter(left__gt=0))
            if packages:
                package = packages[number % len(packages)]
                amount = package.price * package.left // package.units
                before = LedgerLine.objects.filter(key=f"return:{package.pk}").exists()
                return_package(package=package, amount=amount, day=today, actor=teacher)
                self.expected += 0 if before else amount

        @invariant()
        def the_balance_is_what_was_entered_and_charged(self) -> None:
            costs = 0
            for lesson in Lesson.objects.filter(status__in=[Status.HELD, Status.MISSED]).select_related("policy"):
                one = lesson.attendances.get()
                percent = 0 if one.presence == Presence.EXCUSED else 100
                units = LedgerLine.objects.filter(
                    lesson=lesson, kind=LineKind.UNIT, reverses=None, reversed_by=None
                ).count()
                assert units in {0, 1}
                costs += 0 if units else lesson.price * percent // 100
            assert self.account().balances().get("EUR", 0) == self.expected - costs

        @invariant()
        def packages_stay_between_none_and_what_was_bought(self) -> None:
            for package in Package.objects.with_left():
                assert 0 <= package.left <= package.units

        @invariant()
        def what_is_open_is_what_is_owed(self) -> None:
            account = self.account()
            covers = covers_of(account).get("EUR", [])
            owed = max(0, -account.balances().get("EUR", 0))
            charged = sum(-cover.line.amount for cover in covers)
            assert sum(cover.open for cover in covers) == min(owed, charged)
            assert all(0 <= cover.paid <= -cover.line.amount for cover in covers)

    return Ledger


@pytest.mark.slow
def test_lessons_and_rules_in_any_order(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student, price=3000, time_zone="UTC")
    run_state_machine_as_test(schedule_machine(made), settings=STEPS)


@pytest.mark.slow
def test_money_in_any_order(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student, price=3000, time_zone="UTC")
    run_state_machine_as_test(ledger_machine(made), settings=STEPS)

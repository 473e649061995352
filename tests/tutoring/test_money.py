"""The ledger: what lessons cost, packages, payments, and which lessons are paid."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from learning.tutoring.currencies import from_decimal, money_text, to_decimal
from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import mark, mark_all_held, reopen, set_presence, undo_mark
from learning.tutoring.models import Account, By, LedgerLine, Lesson, LineKind, Package, Presence, Project, Status
from learning.tutoring.money.allocation import Paid, covers_of, paid_states
from learning.tutoring.money.charging import part_of
from learning.tutoring.money.ledger import add_entry, add_payment, take_back
from learning.tutoring.money.packages import buy_package, package_states, return_package
from learning.tutoring.projects.actions import set_payer
from learning.tutoring.schedule.changing import bring_back, cancel_lesson
from tests.tutoring.making import coming_lesson, past_lesson, policy, project

TODAY = date(2026, 5, 4)


def account_of(of: Project, payer: Any) -> Account:
    return Account.objects.get_or_create(teacher=of.teacher, payer=payer)[0]


def balance(of: Project, payer: Any) -> int:
    return account_of(of, payer).balances().get(of.currency, 0)


def held(of: Project, hours_ago: float = 2, minutes: int = 60) -> Lesson:
    lesson = past_lesson(of, hours_ago=hours_ago, minutes=minutes)
    return mark(lesson=lesson, status=Status.HELD, actor=of.teacher)[0]


def pay(of: Project, payer: Any, amount: int, **facts: Any) -> LedgerLine:
    return add_payment(
        teacher=of.teacher, payer=payer, amount=amount, currency=of.currency, day=timezone.localdate(), method="cash",
        actor=of.teacher, **facts,
    )  # fmt: skip


def package(of: Project, payer: Any, units: int, **facts: Any) -> Package:
    defaults: dict[str, Any] = {"minutes": 60, "price": units * 2500, "bought_on": date(2020, 1, 1), "expires_on": None}
    return buy_package(project=of, payer=payer, units=units, actor=of.teacher, **{**defaults, **facts})


def test_a_held_lesson_is_charged_once(english: Project, people: SimpleNamespace) -> None:
    lesson = held(english)
    _lesson, change = mark(lesson=lesson, status=Status.HELD, actor=english.teacher)
    assert change is None
    assert balance(english, people.student) == -3000
    line = LedgerLine.objects.get()
    assert (line.kind, line.lesson, line.student) == (LineKind.CHARGE, lesson, people.student)


def test_a_reopened_lesson_is_given_back_by_a_line_and_can_be_charged_again(
    english: Project, people: SimpleNamespace
) -> None:
    lesson = held(english)
    reopen(lesson=lesson, actor=english.teacher)
    assert balance(english, people.student) == 0
    assert LedgerLine.objects.count() == 2
    mark(lesson=lesson, status=Status.HELD, actor=english.teacher)
    assert balance(english, people.student) == -3000
    assert LedgerLine.objects.count() == 3


def test_lines_are_never_changed_or_deleted(english: Project) -> None:
    held(english)
    line = LedgerLine.objects.get()
    for forbidden in (
        line.save,
        line.delete,
        LedgerLine.objects.all().delete,
        lambda: LedgerLine.objects.update(amount=0),
    ):
        with pytest.raises(TypeError):
            forbidden()


def test_a_mark_can_be_undone_until_something_else_happens(english: Project, people: SimpleNamespace) -> None:
    lesson = past_lesson(english)
    _lesson, change = mark(lesson=lesson, status=Status.HELD, actor=english.teacher)
    assert change is not None
    with pytest.raises(TutoringError):
        undo_mark(change_id=change.pk, actor=people.other_teacher)
    undo_mark(change_id=change.pk, actor=english.teacher)
    assert balance(english, people.student) == 0
    with pytest.raises(TutoringError):
        undo_mark(change_id=change.pk, actor=english.teacher)


def test_only_lessons_that_have_begun_are_marked(english: Project) -> None:
    with pytest.raises(TutoringError):
        mark(lesson=coming_lesson(english, hours=5), status=Status.HELD, actor=english.teacher)
    with pytest.raises(TutoringError):
        mark(lesson=past_lesson(english), status=Status.CANCELLED, actor=english.teacher)
    cancelled = coming_lesson(english, hours=50)
    cancel_lesson(lesson=cancelled, by=By.TEACHER, actor=english.teacher)
    with pytest.raises(TutoringError):
        mark(lesson=cancelled, status=Status.HELD, actor=english.teacher)
    with pytest.raises(TutoringError):
        reopen(lesson=cancelled, actor=english.teacher)


def test_all_of_a_day_is_marked_but_what_is_over_and_planned(english: Project) -> None:
    lessons = [past_lesson(english, hours_ago=3), held(english, hours_ago=5), coming_lesson(english, hours=3)]
    fresh = list(Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons]))
    assert len(mark_all_held(lessons=fresh, actor=english.teacher)) == 1
    assert Lesson.objects.filter(status=Status.HELD).count() == 2


@pytest.mark.parametrize(
    ("presence", "cost"),
    [(Presence.PRESENT, 3000), (Presence.LATE, 3000), (Presence.ABSENT, 1500), (Presence.EXCUSED, 0)],
)
def test_attendance_decides_what_a_student_of_a_group_pays(
    people: SimpleNamespace, presence: Presence, cost: int
) -> None:
    own = policy(people.teacher, missed_percent=50)
    group = project(people.teacher, people.student, people.classmate, price=3000, policy=own)
    lesson = held(group)
    set_presence(lesson=lesson, presences={people.student.pk: presence}, actor=people.teacher)
    assert balance(group, people.student) == -cost
    assert balance(group, people.classmate) == -3000
    assert LedgerLine.objects.filter(key__startswith="lesson:").count() in {2, 3, 4}


def test_a_missed_lesson_costs_its_share(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student, price=3333, policy=policy(people.teacher, missed_percent=50))
    mark(lesson=past_lesson(made), status=Status.MISSED, actor=people.teacher)
    assert balance(made, people.student) == -1667  # a half is rounded up


@pytest.mark.parametrize(("percent", "part"), [(0, 0), (50, 2), (100, 3), (33, 1), (17, 1), (16, 0)])
def test_parts_are_rounded_to_the_smallest_unit(percent: int, part: int) -> None:
    assert part_of(3, percent) == part


@pytest.mark.parametrize(("hours", "cost"), [(23.9, 1500), (24.01, 0)])
def test_notice_decides_what_a_cancellation_costs(people: SimpleNamespace, hours: float, cost: int) -> None:
    made = project(people.teacher, people.student, price=3000, policy=policy(people.teacher, late_percent=50))
    lesson = coming_lesson(made, hours=hours)
    Lesson.objects.filter(pk=lesson.pk).update(starts_at=timezone.now() + timedelta(hours=hours))
    cancel_lesson(lesson=lesson, by=By.STUDENT, actor=people.student)
    assert balance(made, people.student) == -cost


def test_exactly_the_hours_of_notice_are_free(people: SimpleNamespace) -> None:
    version = policy(people.teacher, free_hours=24).current
    assert version.is_free(timedelta(hours=24))
    assert not version.is_free(timedelta(hours=24) - timedelta(microseconds=1))


def test_some_late_cancellations_of_a_month_are_free(people: SimpleNamespace) -> None:
    own = policy(people.teacher, free_late=1, free_late_in="project", late_percent=100, free_hours=72)
    made = project(people.teacher, people.student, price=3000, policy=own)
    for hours in (10, 20, 30):
        cancel_lesson(lesson=coming_lesson(made, hours=hours), by=By.STUDENT, actor=people.student)
    assert balance(made, people.student) == -6000


def test_a_teacher_who_cancels_late_gives_back_what_the_policy_says(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student, price=3000, policy=policy(people.teacher, teacher_percent=20))
    lesson = coming_lesson(made, hours=5)
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=people.teacher)
    assert balance(made, people.student) == 600
    bring_back(lesson=lesson, actor=people.teacher)
    assert balance(made, people.student) == 0
    cancel_lesson(lesson=coming_lesson(made, hours=50), by=By.TEACHER, actor=people.teacher)
    assert balance(made, people.student) == 0


def test_a_lesson_keeps_the_price_and_the_policy_that_it_was_planned_under(people: SimpleNamespace) -> None:
    from learning.tutoring.models import PolicyVersion

    own = policy(people.teacher, late_percent=50)
    made = project(people.teacher, people.student, price=3000, policy=own)
    lesson = coming_lesson(made, hours=5)
    PolicyVersion.objects.create(policy=own, number=2, late_percent=100)
    made.price = 9000
    made.save()
    cancel_lesson(lesson=lesson, by=By.STUDENT, actor=people.student)
    assert balance(made, people.student) == -1500


def test_units_are_used_first_to_expire_and_keep_their_price(english: Project, people: SimpleNamespace) -> None:
    late = package(english, people.student, 2, expires_on=timezone.localdate() + timedelta(days=90))
    soon = package(english, people.student, 1, expires_on=timezone.localdate() + timedelta(days=9))
    package(english, people.student, 5, expires_on=timezone.localdate() - timedelta(days=5))
    for hours in (2, 4, 6, 8):
        held(english, hours_ago=hours)
    units = list(LedgerLine.objects.filter(kind=LineKind.UNIT).order_by("pk").values_list("package", "units"))
    assert units == [(soon.pk, -1), (late.pk, -1), (late.pk, -1)]
    assert LedgerLine.objects.filter(kind=LineKind.CHARGE).count() == 1  # the fourth: nothing is left
    assert balance(english, people.student) == -(8 * 2500) - 3000


def test_a_longer_lesson_takes_whole_units_or_money(english: Project, people: SimpleNamespace) -> None:
    bought = package(english, people.student, 3)
    held(english, hours_ago=3, minutes=120)
    held(english, hours_ago=6, minutes=90)
    assert Package.objects.with_left().get(pk=bought.pk).left == 1
    assert LedgerLine.objects.filter(kind=LineKind.CHARGE).count() == 1


def test_what_is_left_and_what_is_booked(english: Project, people: SimpleNamespace) -> None:
    package(english, people.student, 4)
    held(english)
    for hours in (24, 48):
        coming_lesson(english, hours=hours)
    (state,) = package_states(account_of(english, people.student), timezone.localdate())
    assert (state.left, state.booked, state.is_last) == (3, 2, False)
    coming_lesson(english, hours=72)
    (state,) = package_states(account_of(english, people.student), timezone.localdate())
    assert (state.left, state.booked, state.is_last) == (3, 3, True)


def test_a_package_is_booked_from_the_day_it_is_bought_in_the_zone_of_the_project(
    english: Project, people: SimpleNamespace
) -> None:
    package(english, people.student, 4)
    coming_lesson(english, hours=48)
    account = account_of(english, people.student)
    day = Lesson.objects.get(project=english, status=Status.PLANNED).local_date
    for bought_on, booked in ((day, 1), (day + timedelta(days=1), 0)):
        Package.objects.update(bought_on=bought_on)
        (state,) = package_states(account, timezone.localdate())
        assert state.booked == booked
    # late in the evening of one zone it is another day in the next
    Project.objects.filter(pk=english.pk).update(time_zone="Pacific/Kiritimati")
    moved = Lesson.objects.select_related("project").get(project=english, status=Status.PLANNED).local_date
    Package.objects.update(bought_on=moved)
    (state,) = package_states(account, timezone.localdate())
    assert state.booked == 1


def test_the_payer_is_told_when_one_lesson_of_a_package_is_left(english: Project, people: SimpleNamespace) -> None:
    package(english, people.student, 3)
    told = len(mail.outbox)
    held(english, hours_ago=2)
    assert len(mail.outbox) == told
    held(english, hours_ago=5)
    assert mail.outbox[-1].to == [people.student.email]
    assert "is left" in mail.outbox[-1].subject
    held(english, hours_ago=8)
    assert len(mail.outbox) == told + 1


def test_a_reopened_lesson_gives_its_unit_back(english: Project, people: SimpleNamespace) -> None:
    bought = package(english, people.student, 1)
    lesson = held(english)
    reopen(lesson=lesson, actor=english.teacher)
    assert Package.objects.with_left().get(pk=bought.pk).left == 1


def test_a_returned_package_gives_back_at_most_what_is_left(english: Project, people: SimpleNamespace) -> None:
    bought = package(english, people.student, 4)
    held(english)
    with pytest.raises(TutoringError):
        return_package(package=bought, amount=7501, day=TODAY, actor=english.teacher)
    return_package(package=bought, amount=7500, day=TODAY, actor=english.teacher)
    return_package(package=bought, amount=7500, day=TODAY, actor=english.teacher)
    assert balance(english, people.student) == -2500
    assert Package.objects.with_left().get(pk=bought.pk).left == 0


def test_payments_go_to_the_oldest_lessons_first(english: Project, people: SimpleNamespace) -> None:
    old, new = held(english, hours_ago=50), held(english, hours_ago=2)
    pay(english, people.student, 4000)
    states = paid_states([account_of(english, people.student)])
    assert states == {(old.pk, people.student.pk): Paid.PAID, (new.pk, people.student.pk): Paid.PART}
    pay(english, people.student, 5000)
    assert set(paid_states([account_of(english, people.student)]).values()) == {Paid.PAID}
    assert balance(english, people.student) == 3000  # stays as credit


def test_a_payment_goes_where_the_teacher_says(english: Project, people: SimpleNamespace) -> None:
    old, new = held(english, hours_ago=50), held(english, hours_ago=2)
    line = LedgerLine.objects.get(lesson=new)
    pay(english, people.student, 3000, allocations={line.pk: 3000})
    states = paid_states([account_of(english, people.student)])
    assert (states[old.pk, people.student.pk], states[new.pk, people.student.pk]) == (Paid.UNPAID, Paid.PAID)
    for wrong in ({line.pk: 1}, {line.pk: -5}, {999999: 10}):
        with pytest.raises(TutoringError):
            pay(english, people.student, 3000, allocations=wrong)
    assert LedgerLine.objects.filter(kind=LineKind.PAYMENT).count() == 1


def test_a_payment_with_a_reference_is_entered_once(english: Project, people: SimpleNamespace) -> None:
    first, second = (pay(english, people.student, 3000, key="bank-17") for _time in range(2))
    assert first == second
    assert balance(english, people.student) == 3000


def test_mistakes_are_compensated(english: Project, people: SimpleNamespace) -> None:
    held(english)
    line = pay(english, people.student, 30000)
    take_back(line=line, day=TODAY, actor=english.teacher, note="a zero too many")
    take_back(line=line, day=TODAY, actor=english.teacher)
    assert balance(english, people.student) == -3000
    assert set(paid_states([account_of(english, people.student)]).values()) == {Paid.UNPAID}
    with pytest.raises(TutoringError):
        take_back(line=LedgerLine.objects.get(kind=LineKind.CHARGE), day=TODAY, actor=english.teacher)


def test_refunds_write_offs_and_adjustments(english: Project, people: SimpleNamespace) -> None:
    held(english)
    account = account_of(english, people.student)
    facts = {"account": account, "currency": "EUR", "day": TODAY, "actor": english.teacher, "note": ""}
    add_entry(kind=LineKind.WRITE_OFF, amount=1000, **facts)
    assert balance(english, people.student) == -2000
    add_entry(kind=LineKind.ADJUSTMENT, amount=-500, **facts)
    assert balance(english, people.student) == -2500
    pay(english, people.student, 5000)
    add_entry(kind=LineKind.REFUND, amount=2500, **facts)
    assert balance(english, people.student) == 0
    assert [cover.open for cover in covers_of(account)["EUR"]] == [0, 0]
    for kind in (LineKind.CHARGE, LineKind.PAYMENT, "nonsense"):
        with pytest.raises(TutoringError):
            add_entry(kind=kind, amount=1, **facts)


def test_currencies_are_never_added_to_one_another(people: SimpleNamespace) -> None:
    euros = project(people.teacher, people.student, price=3000)
    yen = project(people.teacher, people.student, price=500, currency="JPY")
    held(euros, hours_ago=2)
    held(yen, hours_ago=5)
    assert account_of(euros, people.student).balances() == {"EUR": -3000, "JPY": -500}
    pay(yen, people.student, 500)
    assert account_of(euros, people.student).balances() == {"EUR": -3000, "JPY": 0}


def test_someone_else_pays_for_the_lessons_to_come(english: Project, people: SimpleNamespace) -> None:
    held(english, hours_ago=20)
    lesson = past_lesson(english)
    row = english.students.get()
    set_payer(row=row, email=people.stranger.email)
    mark(lesson=lesson, status=Status.HELD, actor=english.teacher)
    assert (balance(english, people.student), balance(english, people.stranger)) == (-3000, -3000)
    with pytest.raises(TutoringError):
        set_payer(row=row, email=people.teacher.email)
    assert set_payer(row=row, email=people.student.email).payer is None


@pytest.mark.parametrize("amount", [0, -5, 10**9 + 1])
def test_amounts_beyond_measure_are_refused(english: Project, people: SimpleNamespace, amount: int) -> None:
    with pytest.raises(TutoringError):
        pay(english, people.student, amount)


def test_a_free_lesson_has_no_line(people: SimpleNamespace) -> None:
    held(project(people.teacher, people.student, price=0))
    assert not LedgerLine.objects.exists()


def test_amounts_are_integers_of_the_smallest_unit() -> None:
    assert [str(to_decimal(1234, code)) for code in ("EUR", "JPY", "KWD")] == ["12.34", "1234", "1.234"]
    assert from_decimal(to_decimal(1234, "KWD"), "KWD") == 1234
    with pytest.raises(ValueError, match="decimals"):
        from_decimal(to_decimal(1234, "KWD"), "EUR")
    assert "25" in money_text(2500, "EUR")

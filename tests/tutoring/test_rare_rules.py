"""Rules of private lessons that are rare: pauses, groups, substitutes, deleted people, corrected marks."""

from datetime import time, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.accounts.actions import anonymise
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework import actions as homework
from learning.tutoring.lessons.marking import mark, set_presence
from learning.tutoring.lessons.requests import call_off, cost_of_cancelling
from learning.tutoring.models import (
    Attendance,
    By,
    HomeworkCopy,
    LedgerLine,
    Lesson,
    LessonChange,
    Presence,
    Project,
    Status,
)
from learning.tutoring.money.allocation import Paid, paid_states
from learning.tutoring.money.ledger import add_payment
from learning.tutoring.money.packages import buy_package
from learning.tutoring.money.paid import with_paid
from learning.tutoring.projects.actions import give_project, join, leave, set_payer
from learning.tutoring.schedule.applying import apply_rules, change_state, go_on, preview
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.changing import bring_back, cancel_lesson, following, give_to_substitute, move_lesson
from learning.tutoring.schedule.days_off import PROLONG, take_days_off
from learning.tutoring.schedule.plan import FOLLOW, KEEP
from learning.tutoring.schedule.times import instant_of, monday_of
from tests.tutoring.making import coming_lesson, lesson_at, past_lesson, policy, project, proposal, weekly
from tests.tutoring.test_homework import given
from tests.tutoring.test_money import account_of, balance, held, pay

HOUR = timedelta(hours=1)


def next_monday() -> Any:
    return monday_of(timezone.localdate()) + timedelta(days=7)


def nobody_is_in_two_lessons(person: Any) -> bool:
    taught = Lesson.objects.taking_time().filter(teacher=person).order_by("starts_at")
    rows = list(taught.values_list("starts_at", "ends_at"))
    return all(end <= start for (_s, end), (start, _e) in pairwise(rows))


def test_a_lesson_that_cannot_move_keeps_its_time_from_others(english: Project, people: SimpleNamespace) -> None:
    lessons = weekly(english, (0, "18:00"), (0, "19:00"), from_date=next_monday())
    other = project(people.teacher, people.classmate, taught="German")
    lesson_at(other, instant_of(next_monday(), time(20), english.zone))
    change = proposal(next_monday(), (0, "20:00"), (0, "18:00"), rule_id=lessons[0].rule_id)
    apply_rules(project=english, actor=people.teacher, proposal=change)
    assert nobody_is_in_two_lessons(people.teacher)


def test_a_rule_moves_a_substitutes_lesson_only_into_their_free_time(english: Project, people: SimpleNamespace) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    give_to_substitute(lesson=lessons[0], teacher=people.other_teacher, actor=people.admin)
    busy = project(people.other_teacher, people.classmate)
    lesson_at(busy, lessons[0].starts_at + 2 * HOUR)
    change = proposal(next_monday(), (0, "20:00"), rule_id=lessons[0].rule_id)
    plan = apply_rules(project=english, actor=people.teacher, proposal=change)
    assert [one.lesson.pk for one in plan.clashing if one.lesson] == [lessons[0].pk]
    assert nobody_is_in_two_lessons(people.other_teacher)


def test_a_changed_weekday_makes_no_second_lesson_in_a_week(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    move_lesson(lesson=lessons[0], starts_at=lessons[0].starts_at + 48 * HOUR, minutes=60, actor=english.teacher)
    cancel_lesson(lesson=lessons[1], by=By.STUDENT, actor=english.teacher)
    kept = move_lesson(lesson=lessons[2], starts_at=lessons[2].starts_at + 48 * HOUR, minutes=60, actor=english.teacher)
    change = proposal(next_monday(), (1, "18:00"), rule_id=lessons[0].rule_id)
    decisions = {lessons[0].pk: FOLLOW, kept.pk: KEEP}
    apply_rules(project=english, actor=english.teacher, proposal=change, decisions=decisions)
    assert Lesson.objects.count() == len(lessons)
    assert Lesson.objects.get(pk=lessons[1].pk).status == Status.CANCELLED
    assert Lesson.objects.get(pk=kept.pk).starts_at == kept.starts_at
    assert preview(english).is_empty


def test_lessons_come_back_with_the_people_of_now(english: Project, people: SimpleNamespace) -> None:
    weekly(english, (0, "18:00"), from_date=next_monday())
    change_state(project=english, state=Project.State.PAUSED, actor=people.teacher)
    leave(row=english.students.get(student=people.student))
    join(project=english, person=people.classmate)
    fresh = Project.objects.get(pk=english.pk)
    give_project(project=fresh, teacher=people.other_teacher, actor=people.admin)
    change_state(project=english, state=Project.State.ACTIVE, actor=people.admin)
    planned = Lesson.objects.filter(status=Status.PLANNED)
    assert planned.count() == 8
    assert set(planned.values_list("teacher", flat=True)) == {people.other_teacher.pk}
    there = Attendance.objects.filter(lesson__in=planned).values_list("student", flat=True)
    assert set(there) == {people.classmate.pk}


def test_a_lesson_moved_by_hand_comes_back_where_it_was(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    moved = move_lesson(lesson=lessons[3], starts_at=lessons[3].starts_at + 5 * HOUR, minutes=60, actor=english.teacher)
    change_state(project=english, state=Project.State.PAUSED, actor=english.teacher)
    change_state(project=english, state=Project.State.ACTIVE, actor=english.teacher)
    stored = Lesson.objects.get(pk=moved.pk)
    assert (stored.starts_at, stored.status, stored.is_moved) == (moved.starts_at, Status.PLANNED, True)
    assert preview(english).is_empty


def test_an_ended_project_goes_on_again(english: Project) -> None:
    weekly(english, (0, "18:00"), from_date=next_monday())
    change_state(project=english, state=Project.State.ENDED, actor=english.teacher)
    assert not Lesson.objects.filter(status=Status.PLANNED).exists()
    change_state(project=english, state=Project.State.ACTIVE, actor=english.teacher)
    assert Lesson.objects.filter(status=Status.PLANNED).count() == 8


def test_a_deleted_students_lessons_do_not_come_back(english: Project, people: SimpleNamespace) -> None:
    weekly(english, (0, "18:00"), from_date=next_monday())
    anonymise(person=people.student)
    assert go_on(project_id=english.pk) == 0
    assert not Lesson.objects.filter(status=Status.PLANNED).exists()


def test_who_paid_for_others_and_is_deleted_pays_no_more(english: Project, people: SimpleNamespace) -> None:
    set_payer(row=english.students.get(), email=people.stranger.email)
    coming_lesson(english)
    anonymise(person=people.stranger)
    assert english.students.get().payer is None
    assert Attendance.objects.get().payer == people.student


def test_what_a_deleted_student_wrote_in_a_group_is_gone(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate)
    lesson = coming_lesson(group, hours=99)
    call_off(lesson=lesson, student=people.student, percent_seen=0, reason="I am in hospital")
    copy = given(group, people.student)
    homework.hand_in(copy=copy, text="Mine")
    anonymise(person=people.student)
    assert not LessonChange.objects.filter(reason__contains="hospital").exists()
    assert HomeworkCopy.objects.get(pk=copy.pk).state == "excused"


def test_days_off_of_one_student_leave_the_group_its_lesson(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate, price=3000)
    lesson = coming_lesson(group, hours=9)
    day = lesson.local_date
    take_days_off(person=people.student, project=group, first=day, last=day, actor=people.teacher)
    assert Lesson.objects.get(pk=lesson.pk).status == Status.PLANNED
    assert (balance(group, people.student), balance(group, people.classmate)) == (-3000, 0)


def test_who_called_off_their_part_pays_once(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate, price=3000)
    lesson = coming_lesson(group, hours=9)
    for student in (people.student, people.classmate):
        percent = cost_of_cancelling(lesson, student).percent
        call_off(lesson=lesson, student=student, percent_seen=percent)
    assert Lesson.objects.get(pk=lesson.pk).status == Status.CANCELLED  # the last one cancels it
    assert (balance(group, people.student), balance(group, people.classmate)) == (-3000, -3000)


def test_who_called_off_and_came_pays_for_the_lesson_alone(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate, price=3000)
    lesson = coming_lesson(group, hours=0.2)
    call_off(lesson=lesson, student=people.student, percent_seen=100)
    set_presence(lesson=lesson, presences={people.student.pk: Presence.PRESENT}, actor=people.teacher)
    mark(lesson=lesson, status=Status.HELD, actor=people.teacher)
    assert balance(group, people.student) == -3000
    assert Attendance.objects.get(student=people.student).takes_time


def test_who_has_other_plans_cannot_be_set_present_again(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate)
    lesson = coming_lesson(group, hours=99)
    call_off(lesson=lesson, student=people.student, percent_seen=0)
    lesson_at(project(people.other_teacher, people.student), lesson.starts_at)
    with pytest.raises(ClashError):
        set_presence(lesson=lesson, presences={people.student.pk: Presence.PRESENT}, actor=people.teacher)


def test_free_late_cancellations_run_out_in_a_group_too(people: SimpleNamespace) -> None:
    own = policy(people.teacher, free_late=1, free_late_in="project")
    group = project(people.teacher, people.student, people.classmate, price=3000, policy=own)
    costs = []
    for hours in (5, 8, 11):
        lesson = coming_lesson(group, hours=hours)
        costs.append(cost_of_cancelling(lesson, people.student).percent)
        call_off(lesson=lesson, student=people.student, percent_seen=costs[-1])
    assert costs == [0, 100, 100]


def test_a_changed_presence_leaves_the_lines_of_others(people: SimpleNamespace) -> None:
    group = project(people.teacher, people.student, people.classmate, price=3000)
    held(group, hours_ago=9)
    lesson = held(group, hours_ago=3)
    line = LedgerLine.objects.get(lesson=lesson, student=people.classmate)
    pay(group, people.classmate, 3000, allocations={line.pk: 3000})
    count = LedgerLine.objects.count()
    set_presence(lesson=lesson, presences={people.student.pk: Presence.LATE}, actor=people.teacher)
    assert LedgerLine.objects.count() == count
    set_presence(lesson=lesson, presences={people.student.pk: Presence.EXCUSED}, actor=people.teacher)
    assert LedgerLine.objects.count() == count + 1
    states = paid_states([account_of(group, people.classmate)])
    assert states[lesson.pk, people.classmate.pk] == Paid.PAID


def test_a_corrected_lesson_stays_in_the_ledger_of_its_teacher(english: Project, people: SimpleNamespace) -> None:
    lesson = held(english)
    give_project(project=Project.objects.get(pk=english.pk), teacher=people.other_teacher, actor=people.admin)
    set_presence(lesson=lesson, presences={people.student.pk: Presence.EXCUSED}, actor=people.admin)
    set_presence(lesson=lesson, presences={people.student.pk: Presence.PRESENT}, actor=people.admin)
    assert set(LedgerLine.objects.values_list("account__teacher", flat=True)) == {people.teacher.pk}
    assert balance(english, people.student) == -3000


def test_the_same_reference_is_two_payments_of_two_teachers(people: SimpleNamespace) -> None:
    for teacher in (people.teacher, people.other_teacher):
        facts = {"currency": "EUR", "day": timezone.localdate(), "method": "card", "actor": None, "key": "inv-17"}
        add_payment(teacher=teacher, payer=people.student, amount=100, **facts)
    assert LedgerLine.objects.count() == 2
    with pytest.raises(TutoringError):
        add_payment(teacher=people.teacher, payer=people.student, amount=1, **{**facts, "key": "x" * 99})


def test_the_list_of_the_cms_counts_packages_as_the_account_does(english: Project, people: SimpleNamespace) -> None:
    buy_package(
        project=english, payer=people.student, units=1, minutes=45, price=25_000, bought_on=english.starts_on,
        expires_on=None, actor=people.teacher,
    )  # fmt: skip
    lesson = held(english)
    pay(english, people.student, 25_000)
    assert paid_states([account_of(english, people.student)])[lesson.pk, people.student.pk] == Paid.UNPAID
    assert list(with_paid(Lesson.objects.all(), Paid.UNPAID)) == [lesson]
    assert not with_paid(Lesson.objects.all(), Paid.PAID).exists()
    pay(english, people.student, 1000)
    assert list(with_paid(Lesson.objects.all(), Paid.PART)) == [lesson]
    pay(english, people.student, 2000)
    assert list(with_paid(Lesson.objects.all(), Paid.PAID)) == [lesson]
    assert not with_paid(Lesson.objects.all(), Paid.FREE).exists()


def test_taking_homework_back_keeps_what_the_other_tab_typed(english: Project, people: SimpleNamespace) -> None:
    copy = given(english, people.student)
    homework.hand_in(copy=copy, text="First")
    with pytest.raises(TutoringError):
        homework.hand_in(copy=copy, text="Second")
    homework.take_back(copy=copy)
    draft = HomeworkCopy.objects.get(pk=copy.pk).draft
    assert "First" in draft
    assert "Second" in draft


def test_points_can_be_corrected(english: Project, people: SimpleNamespace) -> None:
    copy = given(english, people.student)
    attempt = homework.hand_in(copy=copy, text="Done")
    for points in (3, 5):
        homework.answer(copy=copy, state="accepted", attempt_number=attempt.number, points=points)
    assert HomeworkCopy.objects.get(pk=copy.pk).points == 5


def test_this_and_all_following_stay_in_their_weeks(english: Project) -> None:
    lessons = weekly(english, (6, "18:00"), from_date=next_monday())
    with pytest.raises(TutoringError) as error:
        following(lessons[1], lessons[1].starts_at + 24 * HOUR, 60)
    assert error.value.code == "week"


def test_a_project_is_no_longer_than_its_lost_lessons_need(people: SimpleNamespace) -> None:
    ends = timezone.localdate() + timedelta(weeks=6)
    single = project(people.teacher, people.student, ends_on=ends)
    lesson = coming_lesson(single)
    day = lesson.local_date
    take_days_off(person=people.teacher, first=day, last=day, actor=people.teacher, what=PROLONG)
    assert Project.objects.get(pk=single.pk).ends_on == ends  # no rule makes up for it


def test_a_lesson_cancelled_and_brought_back_is_its_rules_own(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    cancel_lesson(lesson=lessons[0], by=By.TEACHER, actor=english.teacher)
    bring_back(lesson=lessons[0], actor=english.teacher)
    assert preview(english).is_empty
    assert past_lesson(english).rule is None


@pytest.mark.parametrize(("weekday", "at"), [(0, "18:00"), (6, "20:00"), (2, "09:00")])
@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Europe/Moscow"])
def test_lessons_stay_at_the_same_moment_in_a_new_zone(
    people: SimpleNamespace, weekday: int, at: str, every: int, zone: str
) -> None:
    from learning.tutoring.projects.actions import change_project

    ends = timezone.localdate() + timedelta(weeks=30)  # over a change of clocks
    made = project(people.teacher, people.student, ends_on=ends)
    lessons = weekly(made, (weekday, at), from_date=next_monday(), every=every)
    moved = move_lesson(lesson=lessons[1], starts_at=lessons[1].starts_at + 3 * HOUR, minutes=60, actor=people.teacher)
    cancel_lesson(lesson=lessons[2], by=By.TEACHER, actor=people.teacher)
    before = {lesson.pk: (lesson.starts_at, lesson.status) for lesson in Lesson.objects.all()}
    made = Project.objects.get(pk=made.pk)
    made.time_zone = zone
    change_project(project=made, keep="instant")
    apply_rules(project=made, actor=None)
    after = {lesson.pk: (lesson.starts_at, lesson.status) for lesson in Lesson.objects.filter(pk__in=before)}
    assert after == before
    # at most one more, where the last day of the project reaches further in the new zone
    assert Lesson.objects.count() <= len(before) + 1
    assert moved.pk in before

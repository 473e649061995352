"""Weekly rules: previewed, applied, changed; and single lessons moved, swapped, cancelled, brought back."""

from datetime import date, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from learning.tutoring.errors import TutoringError
from learning.tutoring.lessons.marking import mark
from learning.tutoring.models import Attendance, By, DayOff, Lesson, Project, RuleVersion, Status
from learning.tutoring.projects.actions import change_project, join, leave
from learning.tutoring.schedule.applying import (
    apply_rules,
    change_state,
    end_rule,
    go_on,
    preview,
)
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.changing import (
    cancel_lesson,
    following,
    move_lesson,
)
from learning.tutoring.schedule.plan import FOLLOW, KEEP
from learning.tutoring.schedule.times import instant_of, monday_of
from tests.tutoring.making import coming_lesson, lesson_at, project, proposal, slots, weekly

HOUR = timedelta(hours=1)


def next_monday() -> date:
    return monday_of(timezone.localdate()) + timedelta(days=7)


def planned(of: Project) -> list[Lesson]:
    return list(Lesson.objects.filter(project=of, status=Status.PLANNED).order_by("starts_at"))


def apply(of: Project, **facts: Any) -> Any:
    return apply_rules(project=of, actor=of.teacher, **facts)


def test_lessons_are_made_eight_weeks_ahead_and_no_further(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    assert len(lessons) == 8
    assert max(lesson.local_date for lesson in lessons) <= english.today + timedelta(weeks=8)
    assert {timezone.localtime(lesson.starts_at, english.zone).time() for lesson in lessons} == {time(18)}
    assert {lesson.price for lesson in lessons} == {3000}
    assert Attendance.objects.filter(lesson__in=lessons).count() == 8


def test_a_project_with_an_end_has_its_lessons_up_to_it(people: SimpleNamespace) -> None:
    ends = next_monday() + timedelta(weeks=20)
    made = project(people.teacher, people.student, ends_on=ends)
    lessons = weekly(made, (0, "18:00"), from_date=next_monday())
    assert len(lessons) == 21
    assert lessons[-1].local_date == ends


def test_students_get_one_mail_about_all_changes_of_the_schedule(english: Project, people: SimpleNamespace) -> None:
    told = len(mail.outbox)
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    assert len(mail.outbox) == told + 1
    assert mail.outbox[-1].to == [people.student.email]
    assert "8" in mail.outbox[-1].body
    go_on(project_id=english.pk)
    assert len(mail.outbox) == told + 1
    cancel_lesson(lesson=lessons[0], by=By.TEACHER, actor=english.teacher, reason="ill")
    assert "ill" in mail.outbox[-1].body
    # the hour is that of the reader
    people.student.time_zone = "Asia/Tokyo"
    people.student.save()
    moved = move_lesson(lesson=lessons[1], starts_at=lessons[1].starts_at + HOUR, minutes=60, actor=english.teacher)
    assert timezone.localtime(moved.starts_at, school_zone("Asia/Tokyo")).strftime("%-d, %Y, ") in mail.outbox[-1].body


def test_applying_again_changes_nothing(english: Project) -> None:
    weekly(english, (0, "18:00"), (2, "10:30"), from_date=next_monday())
    before = list(Lesson.objects.values_list("pk", "starts_at", "sequence"))
    assert preview(english).is_empty
    plan = apply(english)
    assert plan.is_empty
    assert len(plan.kept) == len(before)
    assert list(Lesson.objects.values_list("pk", "starts_at", "sequence")) == before


def test_the_nightly_job_goes_on_where_the_lessons_end(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    last = lessons[-1]
    last.attendances.all().delete()
    Lesson.objects.filter(pk=last.pk).delete()
    assert go_on(project_id=english.pk) == 1
    assert go_on(project_id=english.pk) == 0
    english.state = Project.State.PAUSED
    english.save()
    assert go_on(project_id=english.pk) == 0


def test_a_changed_rule_moves_lessons_and_keeps_its_first_version(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    rule_id = lessons[0].rule_id
    later = next_monday() + timedelta(weeks=4)
    change = proposal(later, (1, "19:00"), rule_id=rule_id)
    plan = preview(english, change)
    assert (len(plan.moved), len(plan.kept), len(plan.created), len(plan.cancelled)) == (4, 4, 0, 0)
    apply(english, proposal=change, digest=plan.digest())
    hours = [timezone.localtime(lesson.starts_at, english.zone) for lesson in planned(english)]
    assert [(hour.weekday(), hour.hour) for hour in hours] == [(0, 18)] * 4 + [(1, 19)] * 4
    assert {lesson.pk for lesson in planned(english)} == {lesson.pk for lesson in lessons}
    assert RuleVersion.objects.filter(rule=rule_id).count() == 2
    with pytest.raises(TypeError):
        RuleVersion.objects.filter(rule=rule_id).first().save()  # type: ignore[union-attr]


def test_what_was_previewed_is_what_is_applied(english: Project) -> None:
    change = proposal(next_monday(), (0, "18:00"))
    digest = preview(english, change).digest()
    lesson_at(english, instant_of(next_monday(), time(18, 30), english.zone))
    with pytest.raises(TutoringError) as error:
        apply(english, proposal=change, digest=digest)
    assert error.value.code == "changed"
    assert Lesson.objects.count() == 1


def test_held_and_past_lessons_are_never_touched(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    past = timezone.now() - 3 * HOUR
    Lesson.objects.filter(pk=lessons[0].pk).update(starts_at=past, ends_at=past + HOUR)
    Attendance.objects.filter(lesson=lessons[0]).update(starts_at=past, ends_at=past + HOUR)
    mark(lesson=lessons[0], status=Status.HELD, actor=english.teacher)
    change = proposal(next_monday(), (3, "08:00"), rule_id=lessons[0].rule_id)
    plan = apply(english, proposal=change)
    held = Lesson.objects.get(pk=lessons[0].pk)
    assert (held.status, held.starts_at) == (Status.HELD, past)
    assert held.pk not in [one.lesson.pk for one in plan.moved]
    # the rule wants a lesson in that week again, under a new key: it is made, and the held one stays
    assert Lesson.objects.filter(status=Status.PLANNED).count() == 8


def test_a_moved_lesson_is_not_made_again_at_its_old_place(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    moved = move_lesson(lesson=lessons[1], starts_at=lessons[1].starts_at + 3 * HOUR, minutes=45, actor=english.teacher)
    assert apply(english).is_empty
    assert Lesson.objects.count() == 8
    assert Lesson.objects.get(pk=moved.pk).minutes == 45


def test_a_cancelled_lesson_stays_cancelled(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    cancel_lesson(lesson=lessons[2], by=By.TEACHER, actor=english.teacher, reason="ill")
    assert apply(english).is_empty
    assert Lesson.objects.get(pk=lessons[2].pk).status == Status.CANCELLED


def test_lessons_moved_by_hand_are_listed_and_the_teacher_decides(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    first, second = (
        move_lesson(lesson=one, starts_at=one.starts_at + 2 * HOUR, minutes=60, actor=english.teacher)
        for one in lessons[:2]
    )
    change = proposal(next_monday(), (0, "09:00"), rule_id=lessons[0].rule_id)
    plan = preview(english, change)
    assert [one.lesson.pk for one in plan.by_hand] == [first.pk, second.pk]
    assert len(plan.moved) == 6
    apply(english, proposal=change, decisions={first.pk: KEEP, second.pk: FOLLOW})
    assert Lesson.objects.get(pk=first.pk).starts_at == first.starts_at
    assert timezone.localtime(Lesson.objects.get(pk=second.pk).starts_at, english.zone).hour == 9
    # what was decided is not asked again
    assert preview(english).is_empty


def test_an_ended_rule_takes_its_lessons_out_and_they_come_back_with_it(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    rule_id = lessons[0].rule_id or 0
    end = end_rule(project=english, rule_id=rule_id, from_date=next_monday() + timedelta(weeks=2))
    plan = apply(english, proposal=end)
    assert len(plan.cancelled) == 6
    assert {lesson.cancelled_by for lesson in Lesson.objects.filter(status=Status.CANCELLED)} == {By.SCHEDULE}
    again = proposal(next_monday() + timedelta(weeks=2), (0, "18:00"), rule_id=rule_id)
    plan = apply(english, proposal=again)
    assert len(plan.created) == 6
    assert len(planned(english)) == 8 == Lesson.objects.count()


def test_a_pause_takes_lessons_out_and_going_on_brings_them_back(english: Project) -> None:
    weekly(english, (0, "18:00"), from_date=next_monday())
    single = coming_lesson(english, hours=30)
    change_state(project=english, state=Project.State.PAUSED, actor=english.teacher)
    assert [lesson.pk for lesson in planned(english)] == [single.pk]
    with pytest.raises(TutoringError):
        apply(english)
    change_state(project=english, state=Project.State.ACTIVE, actor=english.teacher)
    assert len(planned(english)) == 9
    ended = change_state(project=english, state=Project.State.ENDED, actor=english.teacher)
    assert ended.ends_on == english.today
    with pytest.raises(TutoringError):
        change_state(project=english, state=Project.State.DRAFT, actor=english.teacher)


def test_lessons_that_clash_are_left_out_and_said(english: Project, people: SimpleNamespace) -> None:
    other = project(people.teacher, people.classmate, taught="German")
    taken = lesson_at(other, instant_of(next_monday() + timedelta(weeks=1), time(18, 30), english.zone))
    change = proposal(next_monday(), (0, "18:00"))
    plan = preview(english, change)
    assert [one.with_ids for one in plan.clashing] == [(taken.pk,)]
    apply(english, proposal=change)
    assert len(planned(english)) == 7


def test_a_student_has_one_lesson_at_a_time_too(english: Project, people: SimpleNamespace) -> None:
    german = project(people.other_teacher, people.student, taught="German")
    at = timezone.now().replace(microsecond=0) + timedelta(days=3)
    lesson_at(german, at)
    for start, is_free in ((at - HOUR, True), (at + HOUR, True), (at + 0.5 * HOUR, False), (at - 0.5 * HOUR, False)):
        if is_free:
            lesson_at(english, start)
        else:
            with pytest.raises(ClashError) as error:
                lesson_at(english, start)
            assert error.value.lessons
            assert all(free > start for free in error.value.free)
    assert Lesson.objects.filter(project=english).count() == 2


def test_the_free_times_offered_are_free(english: Project) -> None:
    at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    for hours in (0, 1, 2):
        lesson_at(english, at + hours * HOUR)
    with pytest.raises(ClashError) as error:
        lesson_at(english, at + HOUR)
    assert error.value.free[0] == at + 3 * HOUR
    lesson_at(english, error.value.free[0])


def test_every_second_week_keeps_its_weeks_when_changed_from_the_middle(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday(), every=2)
    apply(english, proposal=following(lessons[1], lessons[1].starts_at + HOUR, 60))
    days = [lesson.local_date for lesson in planned(english)]
    assert days == [lesson.local_date for lesson in lessons]


def test_days_off_leave_lessons_out(english: Project) -> None:
    off = next_monday() + timedelta(weeks=1)
    DayOff.objects.create(person=english.teacher, first=off, last=off + timedelta(days=6))
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    assert off not in [lesson.local_date for lesson in lessons]
    assert len(lessons) == 7


def test_a_student_who_leaves_or_joins_has_lessons_from_then_on(english: Project, people: SimpleNamespace) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    late = lessons[4].local_date
    join(project=english, person=people.classmate, joined_on=late)
    own = Attendance.objects.filter(student=people.classmate)
    assert own.count() == 4
    leave(row=english.students.get(student=people.student), left_on=late)
    assert Attendance.objects.filter(student=people.student).count() == 4
    # lessons that are made later know it as well
    apply(english, proposal=proposal(next_monday(), (4, "12:00")))
    friday = Lesson.objects.filter(slot=0, rule_date=late + timedelta(days=4)).get()
    assert [row.student for row in friday.attendances.all()] == [people.classmate]


def test_who_has_another_lesson_then_cannot_join(english: Project, people: SimpleNamespace) -> None:
    lesson = coming_lesson(english)
    german = project(people.other_teacher, people.classmate, taught="German")
    lesson_at(german, lesson.starts_at)
    with pytest.raises(ClashError):
        join(project=english, person=people.classmate)
    assert not english.students.filter(student=people.classmate).exists()


def test_a_new_zone_keeps_the_hour_or_the_instant(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    instants = [lesson.starts_at for lesson in lessons]
    english.time_zone = "Asia/Tokyo"
    change_project(project=english, keep="instant")
    assert [lesson.starts_at for lesson in planned(english)] == instants
    assert preview(english).is_empty or not preview(english).moved
    english.time_zone = "Europe/Moscow"
    hours = [timezone.localtime(lesson.starts_at, school_zone("Asia/Tokyo")).time() for lesson in planned(english)]
    change_project(project=english, keep="hour")
    assert [timezone.localtime(lesson.starts_at, english.zone).time() for lesson in planned(english)] == hours


def school_zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def test_a_rule_has_an_order_and_a_measure(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    rule_id = lessons[0].rule_id or 0
    wrong = [
        proposal(next_monday() - timedelta(days=1), (0, "18:00"), rule_id=rule_id),
        proposal(next_monday(), *[(0, "18:00")] * 15, rule_id=rule_id),
        proposal(next_monday(), (0, "18:00"), rule_id=99999),
        proposal(next_monday(), (0, "18:00"), until=next_monday() - timedelta(days=1)),
    ]
    for one in wrong:
        with pytest.raises(TutoringError):
            apply(english, proposal=one)
    assert RuleVersion.objects.count() == 1
    assert slots((0, "18:00"))[0].minutes == 60

"""Single lessons: swapped, brought back, moved with all that follow, given to another teacher."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from learning.accounts.roles import Role
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import By, Lesson, LessonChange, Project, Status
from learning.tutoring.projects.actions import give_project
from learning.tutoring.schedule.applying import (
    end_rule,
    preview,
)
from learning.tutoring.schedule.busy import ClashError
from learning.tutoring.schedule.changing import (
    bring_back,
    cancel_lesson,
    following,
    give_to_substitute,
    move_lesson,
    swap_lessons,
)
from tests import school
from tests.tutoring.making import coming_lesson, lesson_at, past_lesson, project, weekly
from tests.tutoring.test_schedule import apply, next_monday, planned

HOUR = timedelta(hours=1)


def test_bringing_back_into_a_taken_time_is_refused(english: Project) -> None:
    lesson = coming_lesson(english)
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=english.teacher)
    other = lesson_at(english, lesson.starts_at)
    with pytest.raises(ClashError):
        bring_back(lesson=lesson, actor=english.teacher)
    assert Lesson.objects.get(pk=lesson.pk).status == Status.CANCELLED
    cancel_lesson(lesson=other, by=By.TEACHER, actor=english.teacher)
    assert bring_back(lesson=lesson, actor=english.teacher).status == Status.PLANNED


def test_a_withdrawn_lesson_brought_back_stays(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=next_monday())
    end = end_rule(project=english, rule_id=lessons[0].rule_id or 0, from_date=next_monday() + timedelta(weeks=2))
    apply(english, proposal=end)
    bring_back(lesson=lessons[5], actor=english.teacher)
    assert preview(english).is_empty
    assert len(planned(english)) == 3


def test_two_lessons_are_swapped(english: Project, people: SimpleNamespace) -> None:
    german = project(people.teacher, people.classmate, taught="German")
    one, other = coming_lesson(english, hours=24), coming_lesson(german, hours=25, minutes=30)
    swap_lessons(first=one, second=other, actor=people.teacher)
    times = {lesson.pk: (lesson.starts_at, lesson.minutes) for lesson in Lesson.objects.all()}
    assert times == {one.pk: (other.starts_at, 60), other.pk: (one.starts_at, 30)}
    with pytest.raises(TutoringError):
        swap_lessons(first=one, second=one, actor=people.teacher)


def test_a_swap_that_does_not_fit_changes_nothing(english: Project, people: SimpleNamespace) -> None:
    german = project(people.teacher, people.classmate, taught="German")
    long, short = coming_lesson(english, hours=20, minutes=120), coming_lesson(german, hours=30, minutes=30)
    coming_lesson(german, hours=31)
    with pytest.raises(ClashError):
        swap_lessons(first=long, second=short, actor=people.teacher)
    assert Lesson.objects.get(pk=long.pk).starts_at == long.starts_at


def test_this_and_all_following(english: Project) -> None:
    lessons = weekly(english, (0, "18:00"), (2, "10:00"), from_date=next_monday())
    mondays = [lesson for lesson in lessons if lesson.slot == 0]
    wanted = mondays[3].starts_at + timedelta(days=1, hours=1)
    change = following(mondays[3], wanted, 90)
    plan = apply(english, proposal=change)
    assert len(plan.moved) == len(mondays) - 3
    moved = [timezone.localtime(lesson.starts_at, english.zone) for lesson in planned(english) if lesson.minutes == 90]
    assert [(at.weekday(), at.hour) for at in moved] == [(1, 19)] * 5
    assert len(planned(english)) == len(lessons)
    single = coming_lesson(english, hours=7)
    with pytest.raises(TutoringError):
        following(single, wanted, 60)


def test_a_substitute_gives_one_lesson(english: Project, people: SimpleNamespace) -> None:
    lesson = coming_lesson(english)
    with pytest.raises(TutoringError):
        give_to_substitute(lesson=lesson, teacher=people.student, actor=people.admin)
    given = give_to_substitute(lesson=lesson, teacher=people.other_teacher, actor=people.admin)
    assert given.teacher == people.other_teacher
    busy = project(people.teacher, people.classmate)
    lesson_at(busy, lesson.starts_at)  # the teacher's own time is free again
    with pytest.raises(ClashError):
        give_to_substitute(lesson=given, teacher=people.teacher, actor=people.admin)


def test_a_project_is_given_to_another_teacher_with_its_lessons(english: Project, people: SimpleNamespace) -> None:
    past, coming = past_lesson(english), coming_lesson(english)
    give_project(project=english, teacher=people.other_teacher, actor=people.admin)
    assert Lesson.objects.get(pk=coming.pk).teacher == people.other_teacher
    assert Lesson.objects.get(pk=past.pk).teacher == people.teacher
    with pytest.raises(TutoringError):
        give_project(
            project=Project.objects.get(pk=english.pk), teacher=school.person("x", Role.STUDENT), actor=people.admin
        )


def test_every_change_raises_the_sequence_and_is_kept(english: Project) -> None:
    lesson = coming_lesson(english)
    move_lesson(lesson=lesson, starts_at=lesson.starts_at + HOUR, minutes=60, actor=english.teacher, reason="train")
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=english.teacher)
    bring_back(lesson=lesson, actor=english.teacher)
    stored = Lesson.objects.get(pk=lesson.pk)
    assert stored.sequence == 3
    rows = LessonChange.objects.filter(lesson=lesson).order_by("pk").values_list("kind", "after", "reason")
    assert [kind for kind, _after, _reason in rows] == ["status", "time", "status", "status"]
    assert rows[1][2] == "train"
    assert rows[2][1] == Status.CANCELLED


@pytest.mark.parametrize(("starts_at", "minutes"), [(None, 0), (None, 601), (datetime(2500, 1, 1), 60)])
def test_times_beyond_measure_are_refused(english: Project, starts_at: datetime | None, minutes: int) -> None:
    lesson = coming_lesson(english)
    at = timezone.make_aware(starts_at) if starts_at else lesson.starts_at
    with pytest.raises(TutoringError):
        move_lesson(lesson=lesson, starts_at=at, minutes=minutes, actor=english.teacher)

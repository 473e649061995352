"""Who has left a project, or called off their part of a lesson: what they still see, and what is theirs no more."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import icalendar
import pytest
from django.utils import timezone

from learning.tutoring.lessons.marking import mark, reopen, set_presence
from learning.tutoring.lessons.requests import call_off
from learning.tutoring.models import Attendance, By, Goal, Lesson, Presence, Project, ProjectStudent, Status
from learning.tutoring.money.packages import package_states
from learning.tutoring.money.statement import statements
from learning.tutoring.projects.actions import leave
from learning.tutoring.schedule.calendar import days_of
from learning.tutoring.schedule.changing import bring_back, cancel_lesson
from learning.tutoring.schedule.ical import feed_of, file_of
from tests.tutoring.making import coming_lesson, past_lesson, policy, project
from tests.tutoring.test_money import account_of, package

PLACE, GOAL = "https://meet.example.org/canary-room", "canary-goal"


@pytest.fixture
def pair(people: SimpleNamespace) -> Project:
    """A project of two students with a room and a goal."""
    made = project(people.teacher, people.student, people.classmate, price=3000, place=PLACE)
    Goal.objects.create(project=made, text=GOAL, points=3)
    return made


def left(person: Any, of: Project) -> None:
    row = ProjectStudent.objects.get(project=of, student=person)
    leave(row=row)


def event_of(person: Any, lesson: Lesson) -> Any:
    stored = Lesson.objects.select_related("project", "teacher").get(pk=lesson.pk)
    return icalendar.Calendar.from_ical(file_of(person, stored)).walk("VEVENT")[0]


def test_who_has_left_keeps_past_lessons_and_sees_no_room_and_no_goals(
    pair: Project, people: SimpleNamespace, visit: Any
) -> None:
    old = past_lesson(pair, hours_ago=60)
    coming = coming_lesson(pair)
    present = visit(people.student)
    assert PLACE in present.get(coming.get_absolute_url()).content.decode()
    assert PLACE.encode() in feed_of(people.student).replace(b"\r\n ", b"")
    left(people.student, pair)
    former = visit(people.student)
    for path in (pair.get_absolute_url(), old.get_absolute_url()):
        page = former.get(path)
        assert page.status_code == 200
        assert PLACE not in page.content.decode()
        assert GOAL not in page.content.decode()
    assert former.get(coming.get_absolute_url()).status_code == 404
    assert b"canary" not in feed_of(people.student)
    # the other student still has all of it
    page = visit(people.classmate).get(pair.get_absolute_url()).content.decode()
    assert PLACE in page
    assert GOAL in page


def test_who_has_left_does_not_come_back_with_a_lesson(pair: Project, people: SimpleNamespace) -> None:
    lesson = coming_lesson(pair)
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=people.teacher)
    left(people.student, pair)
    bring_back(lesson=lesson, actor=people.teacher)
    there = Attendance.objects.filter(lesson=lesson).values_list("student", flat=True)
    assert list(there) == [people.classmate.pk]


def test_a_lesson_that_was_called_off_is_not_that_students_next_one(
    pair: Project, people: SimpleNamespace, visit: Any
) -> None:
    lesson = coming_lesson(pair, hours=48)
    before = event_of(people.student, lesson)
    call_off(lesson=lesson, student=people.student, percent_seen=0)
    event = event_of(people.student, lesson)
    assert event["STATUS"] == "CANCELLED"
    assert event["SEQUENCE"] > before["SEQUENCE"]
    assert not event.walk("VALARM")
    assert event_of(people.classmate, lesson)["STATUS"] == "CONFIRMED"
    assert event_of(people.teacher, lesson)["STATUS"] == "CONFIRMED"
    day = timezone.localdate()
    for person, called_off in ((people.student, True), (people.classmate, False), (people.teacher, False)):
        entries = [one for shown in days_of(person, day, day + timedelta(days=4)) for one in shown.entries]
        assert [entry.is_called_off for entry in entries] == [called_off]
    page = f"/tutoring/lessons/{lesson.pk}/"
    assert page not in visit(people.student).get("/me/").content.decode()
    assert page in visit(people.classmate).get("/me/").content.decode()
    assert "you will not be there" in visit(people.student).get("/calendar/?view=list").content.decode()


def test_a_teacher_who_excuses_someone_tells_their_calendar(pair: Project, people: SimpleNamespace) -> None:
    lesson = coming_lesson(pair)
    before = event_of(people.student, lesson)
    set_presence(lesson=lesson, presences={people.student.pk: Presence.EXCUSED}, actor=people.teacher)
    after = event_of(people.student, lesson)
    assert after["STATUS"] == "CANCELLED"
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_a_lesson_that_was_called_off_books_no_unit(pair: Project, people: SimpleNamespace) -> None:
    package(pair, people.student, 4)
    coming_lesson(pair, hours=48)
    lesson = coming_lesson(pair, hours=72)
    account = account_of(pair, people.student)
    assert package_states(account, pair.today)[0].booked == 2
    call_off(lesson=lesson, student=people.student, percent_seen=0)
    assert package_states(account, pair.today)[0].booked == 1


def words(of: Project, payer: Any) -> list[str]:
    day = timezone.localdate()
    found = statements(account_of(of, payer), day - timedelta(days=9), day + timedelta(days=9))
    return [one.words for statement in found for one in statement.lines]


def test_a_statement_says_what_a_lesson_was_when_it_was_charged(people: SimpleNamespace) -> None:
    own = project(people.teacher, people.student, price=3000)
    lesson = past_lesson(own)
    mark(lesson=lesson, status=Status.MISSED, actor=people.teacher)
    assert "missed" in words(own, people.student)[0]
    reopen(lesson=lesson, actor=people.teacher, reason="")
    first, reversal = words(own, people.student)
    assert "missed" in first
    assert reversal.startswith("Reversed: ")
    assert "missed" in reversal
    mark(lesson=lesson, status=Status.HELD, actor=people.teacher)
    assert "held" in words(own, people.student)[2]
    assert words(own, people.student)[:2] == [first, reversal]


def test_a_part_that_was_called_off_late_is_told_as_that(people: SimpleNamespace) -> None:
    own = project(people.teacher, people.student, people.classmate, price=3000)
    own.policy = policy(people.teacher, free_hours=72, late_percent=100)
    own.save()
    lesson = coming_lesson(own, hours=5)
    call_off(lesson=lesson, student=people.student, percent_seen=100)
    Lesson.objects.filter(pk=lesson.pk).update(starts_at=timezone.now() - timedelta(hours=2))
    lesson.refresh_from_db()
    mark(lesson=lesson, status=Status.HELD, actor=people.teacher)
    (line,) = words(own, people.student)
    assert "cancelled late" in line
    (line,) = words(own, people.classmate)
    assert "held" in line

"""The calendar of a person, and what other programs read of it."""

import re
from datetime import UTC, date, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from django.utils import timezone

from learning.enrollment.models import StudyGroup
from learning.tutoring.models import By, DayOff, Lesson
from learning.tutoring.schedule.calendar import SHOWN_IN_MONTH, days_of, hours_of, side_by_side
from learning.tutoring.schedule.changing import cancel_lesson, move_lesson
from learning.tutoring.schedule.ical import feed_of, file_of
from tests.tutoring.making import coming_lesson, lesson_at, project, utc, weekly


def events(data: bytes, first: date, last: date) -> list[Any]:
    return list(recurring_ical_events.of(icalendar.Calendar.from_ical(data)).between(first, last))


def test_an_independent_reader_finds_every_lesson_at_its_instant(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student)
    lessons = weekly(made, (0, "18:00"), (3, "09:30"), from_date=timezone.localdate() + timedelta(days=2))
    today = timezone.localdate()
    found = events(feed_of(people.student), today, today + timedelta(days=80))
    instants = sorted(event["DTSTART"].dt.astimezone(UTC) for event in found)
    assert instants == [lesson.starts_at for lesson in lessons]
    assert {str(event["UID"]).partition("@")[0] for event in found} == {str(lesson.uid) for lesson in lessons}
    lengths = {event["DTEND"].dt - event["DTSTART"].dt for event in found}
    assert lengths == {timedelta(hours=1)}


def test_a_change_keeps_the_uid_and_raises_the_sequence(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student)
    lesson = coming_lesson(made)

    def event() -> Any:
        stored = Lesson.objects.select_related("project", "teacher").get(pk=lesson.pk)
        return icalendar.Calendar.from_ical(file_of(people.student, stored)).walk("VEVENT")[0]

    before = event()
    move_lesson(lesson=lesson, starts_at=lesson.starts_at + timedelta(hours=3), minutes=60, actor=people.teacher)
    moved = event()
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=people.teacher)
    cancelled = event()
    assert before["UID"] == moved["UID"] == cancelled["UID"]
    assert before["SEQUENCE"] < moved["SEQUENCE"] < cancelled["SEQUENCE"]
    assert [one["STATUS"] for one in (before, moved, cancelled)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert moved["DTSTART"].dt == before["DTSTART"].dt + timedelta(hours=3)


def test_the_zone_comes_with_the_calendar(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student)
    coming_lesson(made)
    calendar = icalendar.Calendar.from_ical(feed_of(people.student))
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Paris"]


def test_hours_are_those_of_the_reader(people: SimpleNamespace) -> None:
    people.student.time_zone = "America/New_York"
    people.student.save()
    made = project(people.teacher, people.student, starts_on=date(2026, 1, 1))
    # the three odd weeks: New York changes its clocks on 8 March, Paris on the 29th
    for day, hour in ((1, 17), (8, 17), (22, 17), (29, 16)):
        lesson_at(made, utc(2026, 3, day, hour))
    days = days_of(people.student, date(2026, 3, 1), date(2026, 3, 31))
    hours = [entry.starts_at.hour for day in days for entry in day.entries]
    assert hours == [12, 13, 13, 12]
    people.teacher.time_zone = "Europe/Paris"
    days = days_of(people.teacher, date(2026, 3, 1), date(2026, 3, 31))
    assert [entry.starts_at.hour for day in days for entry in day.entries] == [18, 18, 18, 18]


def test_a_lesson_over_midnight_stands_in_the_day_in_which_it_begins(people: SimpleNamespace) -> None:
    people.student.time_zone = "Europe/Moscow"
    people.student.save()
    made = project(people.teacher, people.student, starts_on=date(2026, 1, 1))
    lesson_at(made, utc(2026, 5, 4, 20, 30), minutes=60)  # 23:30 to 00:30 in Moscow
    days = days_of(people.student, date(2026, 5, 4), date(2026, 5, 5))
    assert [len(day.entries) for day in days] == [1, 0]
    (entry,) = days[0].entries
    assert entry.minutes == 30  # of this day
    later = days_of(people.student, date(2026, 5, 5), date(2026, 5, 6))
    assert [len(day.entries) for day in later] == [1, 0]  # it goes on there
    (entry,) = later[0].entries
    assert (entry.top, entry.minutes) == (0, 30)
    assert hours_of(later)[0] == 0


def test_a_day_says_how_many_lessons_a_month_leaves_out(people: SimpleNamespace, visit: Any) -> None:
    made = project(people.teacher, people.student, starts_on=date(2026, 1, 1))
    for hour in range(8, 8 + SHOWN_IN_MONTH):
        lesson_at(made, utc(2026, 5, 4, hour))
    client = visit(people.teacher)
    path = "/calendar/?view=month&day=2026-05-04"
    assert not re.search(r"\d more", client.get(path).content.decode())
    for hour in (16, 17):
        lesson_at(made, utc(2026, 5, 4, hour))
    page = client.get(path).content.decode()
    assert "2 more" in page
    assert "?view=day&amp;day=2026-05-04" in page
    day = client.get("/calendar/?view=day&day=2026-05-04").content.decode()
    assert len(set(re.findall(r"\d\d:00–\d\d:00", day))) == SHOWN_IN_MONTH + 2


def test_dates_of_courses_are_in_it(small: SimpleNamespace) -> None:
    starts = timezone.now() + timedelta(days=3)
    group = StudyGroup.objects.create(course=small.course, name="Autumn", starts_at=starts)
    small.enrollment.group = group
    small.enrollment.save()
    today = timezone.localdate()
    days = days_of(small.student, today, today + timedelta(days=6))
    assert [date.text for day in days for date in day.dates] == ["Autumn starts"]
    days = days_of(small.stranger, today, today + timedelta(days=6))
    assert not any(day.dates for day in days)


def test_entries_at_one_time_stand_side_by_side(people: SimpleNamespace) -> None:
    made = project(people.teacher, people.student)
    lesson = coming_lesson(made)
    cancel_lesson(lesson=lesson, by=By.TEACHER, actor=people.teacher)
    lesson_at(made, lesson.starts_at + timedelta(minutes=30))
    day = lesson.starts_at.astimezone(ZoneInfo("UTC")).date()
    entries = days_of(people.teacher, day, day + timedelta(days=1))
    found = [(entry.column, entry.columns) for one in entries for entry in one.entries]
    assert found in ([(0, 2), (1, 2)], [(0, 1), (0, 1)])  # over midnight they stand in two days
    assert side_by_side([]) == []


@pytest.mark.parametrize("view", ["day", "week", "month", "list"])
@pytest.mark.parametrize("day", ["2026-03-29", "1970-01-01", "2200-12-31", "9999-99-99", "x", ""])
def test_every_view_of_every_day_answers(people: SimpleNamespace, visit: Any, view: str, day: str) -> None:
    DayOff.objects.create(person=people.teacher, first=date(2026, 3, 29), last=date(2026, 3, 30))
    assert visit(people.teacher).get(f"/calendar/?view={view}&day={day}").status_code == 200
    assert visit(people.teacher).get(f"/calendar/print/?day={day}").status_code == 200


def test_the_script_moves_a_lesson_to_where_it_was_dropped(people: SimpleNamespace, visit: Any) -> None:
    people.teacher.time_zone = "Europe/Paris"
    people.teacher.save()
    made = project(people.teacher, people.student)
    lesson = coming_lesson(made)
    client = visit(people.teacher)
    path = f"/tutoring/lessons/{lesson.pk}/move/"
    day = (timezone.localdate() + timedelta(days=9)).isoformat()
    asked = {"starts_at": f"{day}T14:15", "minutes": "45"}
    answer = client.post(path, asked, headers={"accept": "application/json"})
    assert answer.status_code == 200
    stored = Lesson.objects.get(pk=lesson.pk)
    assert timezone.localtime(stored.starts_at, ZoneInfo("Europe/Paris")).strftime("%H:%M") == "14:15"
    assert stored.minutes == 45
    other = coming_lesson(made, hours=70)
    clash = client.post(f"/tutoring/lessons/{other.pk}/move/", asked, headers={"accept": "application/json"})
    assert clash.status_code == 409
    for wrong in ("", "x", "2026-13-40T99:99", "9999-01-01T00:00", "0001-01-01T00:00", "9999-12-31T23:59"):
        answer = client.post(path, {"starts_at": wrong}, headers={"accept": "application/json"})
        assert answer.status_code == 422, wrong
    client.post(path, {"starts_at": f"{day}T15:15:42.123456", "minutes": "45"}, headers={"accept": "application/json"})
    moved = Lesson.objects.get(pk=lesson.pk)
    assert (moved.starts_at.second, moved.starts_at.microsecond) == (0, 0)
    assert moved.starts_at - stored.starts_at == timedelta(hours=1)

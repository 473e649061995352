"""From local times of weekly rules to instants: changes of clocks, odd weeks, ends of years."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from learning.tutoring.schedule.times import Slot, Version, changed_clocks, instant_of, occurrences
from tests.tutoring.making import slots, utc

PARIS, NEW_YORK, MOSCOW = (ZoneInfo(name) for name in ("Europe/Paris", "America/New_York", "Europe/Moscow"))
SUNDAY = 6


def starts(version: Version, zone: ZoneInfo, first: date, last: date) -> list[datetime]:
    return [one.starts_at for one in occurrences([version], zone, first, last)]


def sundays_of_march() -> list[datetime]:
    version = Version(date(2026, 3, 1), None, 1, slots((SUNDAY, "18:00")))
    return starts(version, PARIS, date(2026, 3, 1), date(2026, 3, 29))


def test_lessons_of_six_in_paris_stay_at_six_when_clocks_change() -> None:
    found = sundays_of_march()
    assert found == [utc(2026, 3, day, 17) for day in (1, 8, 15, 22)] + [utc(2026, 3, 29, 16)]
    assert {one.astimezone(PARIS).time() for one in found} == {time(18)}


@pytest.mark.parametrize(("zone", "hours"), [(NEW_YORK, [12, 13, 13, 13, 12]), (MOSCOW, [20, 20, 20, 20, 19])])
def test_a_student_elsewhere_has_their_own_hour(zone: ZoneInfo, hours: list[int]) -> None:
    assert [one.astimezone(zone).hour for one in sundays_of_march()] == hours


def test_a_student_elsewhere_is_told_when_their_hour_changes() -> None:
    assert changed_clocks(sundays_of_march(), NEW_YORK) == [
        (date(2026, 3, 8), time(13)),
        (date(2026, 3, 29), time(12)),
    ]
    assert changed_clocks(sundays_of_march(), MOSCOW) == [(date(2026, 3, 29), time(19))]
    assert changed_clocks(sundays_of_march(), PARIS) == []


def test_a_time_that_does_not_exist_goes_forward() -> None:
    assert instant_of(date(2026, 3, 29), time(2, 30), PARIS).astimezone(PARIS).time() == time(3, 30)
    assert instant_of(date(2026, 3, 29), time(2, 30), PARIS) == utc(2026, 3, 29, 1, 30)


def test_of_a_doubled_time_the_first_is_meant() -> None:
    assert instant_of(date(2026, 10, 25), time(2, 30), PARIS) == utc(2026, 10, 25, 0, 30)


def test_a_lesson_lasts_as_long_as_it_says_over_a_change_of_clocks() -> None:
    version = Version(date(2026, 3, 29), None, 1, slots((SUNDAY, "01:30"), minutes=90))
    (one,) = occurrences([version], PARIS, date(2026, 3, 29), date(2026, 3, 29))
    assert (one.ends_at - one.starts_at).total_seconds() == 90 * 60
    assert one.ends_at.astimezone(PARIS).time() == time(4)


def test_a_lesson_before_midnight_is_over_midnight_for_a_student_elsewhere() -> None:
    version = Version(date(2026, 5, 4), None, 1, slots((0, "22:30")))
    (one,) = occurrences([version], PARIS, date(2026, 5, 4), date(2026, 5, 4))
    there = (one.starts_at.astimezone(MOSCOW), one.ends_at.astimezone(MOSCOW))
    assert [moment.date() for moment in there] == [date(2026, 5, 4), date(2026, 5, 5)]
    assert one.day == date(2026, 5, 4)


def test_a_leap_day_is_a_day_as_any() -> None:
    version = Version(date(2028, 2, 1), None, 1, slots((1, "09:00")))
    assert utc(2028, 2, 29, 8) in starts(version, PARIS, date(2028, 2, 1), date(2028, 3, 10))


def test_the_last_and_the_first_week_of_a_year() -> None:
    version = Version(date(2026, 12, 21), None, 1, slots((3, "10:00"), (4, "10:00")))
    found = occurrences([version], PARIS, date(2026, 12, 28), date(2027, 1, 3))
    assert [one.day for one in found] == [date(2026, 12, 31), date(2027, 1, 1)]


def test_a_rule_that_begins_in_the_middle_of_a_week_has_only_what_comes_after() -> None:
    wednesday = date(2026, 5, 6)
    version = Version(wednesday, None, 2, slots((0, "10:00"), (4, "10:00")))
    found = [one.day for one in occurrences([version], PARIS, wednesday, date(2026, 5, 31))]
    # every second week, counted from the week of the first day: Monday the 4th is before it
    assert found == [date(2026, 5, 8), date(2026, 5, 18), date(2026, 5, 22)]


def test_two_slots_that_end_in_different_weeks() -> None:
    version = Version(date(2026, 5, 4), date(2026, 5, 20), 1, slots((1, "10:00"), (4, "10:00")))
    found = [one.day.day for one in occurrences([version], PARIS, date(2026, 5, 1), date(2026, 6, 30))]
    assert found == [5, 8, 12, 15, 19]  # the Friday of the last week is after the end


def test_each_version_counts_until_the_next_begins() -> None:
    first = Version(date(2026, 5, 4), None, 1, slots((0, "10:00")))
    second = Version(date(2026, 5, 18), None, 1, slots((0, "11:00")))
    found = occurrences([first, second], PARIS, date(2026, 5, 4), date(2026, 5, 25))
    assert [one.starts_at.astimezone(PARIS).hour for one in found] == [10, 10, 11, 11]


def test_an_old_rule_is_not_counted_through_from_its_beginning() -> None:
    version = Version(date(1990, 1, 1), None, 3, (Slot(0, 0, time(10), 60),))
    found = occurrences([version], PARIS, date(2026, 5, 1), date(2026, 6, 30))
    assert all((one.day - date(1990, 1, 1)).days % 21 == 0 for one in found)
    assert len(found) == 3


def test_the_last_day_is_part_of_the_period() -> None:
    version = Version(date(2026, 5, 4), date(2026, 5, 11), 1, slots((0, "10:00")))
    assert len(occurrences([version], PARIS, date(2026, 5, 4), date(2026, 5, 11))) == 2
    assert [one.starts_at.tzinfo for one in occurrences([version], PARIS, date(2026, 5, 4), date(2026, 5, 4))] == [UTC]

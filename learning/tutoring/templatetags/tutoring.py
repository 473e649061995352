"""Template tags of private lessons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.dates import WEEKDAYS
from django.utils.translation import ngettext

from learning.accounts.models import User
from learning.base.caching import cached_for
from learning.tutoring import today
from learning.tutoring.access import teaches
from learning.tutoring.currencies import money_text
from learning.tutoring.models import Account, Attendance, HomeworkCopy, Lesson, ProjectStudent
from learning.tutoring.schedule.calendar import Entry
from learning.tutoring.schedule.times import Slot

register = template.Library()
STEP = 5  # minutes of one row of a calendar's grid


@register.filter
def money(amount: int, currency: str) -> str:
    """An amount of the smallest unit, in the language of the page."""
    return money_text(amount, currency)


@register.filter
def money_abs(amount: int, currency: str) -> str:
    return money_text(abs(amount), currency)


@register.filter
def balances(found: Mapping[str, int]) -> list[tuple[str, bool]]:
    """(amount in words, whether it is owed) of each currency that is not at zero."""
    return [(money_text(abs(total), currency), total < 0) for currency, total in sorted(found.items()) if total]


@register.filter
def slot_words(slot: Slot) -> str:
    """“Monday 18:00, 60 min”."""
    length = ngettext("%(n)d min", "%(n)d min", slot.minutes) % {"n": slot.minutes}
    return f"{str(WEEKDAYS[slot.weekday]).capitalize()} {slot.at:%H:%M}, {length}"


@register.filter
def place_in_day(entry: Entry) -> str:
    """The classes that place an entry in the grid of its day: its hour, offset, height and column."""
    # classes, not a style attribute: the content security policy allows no inline styles (promise 17)
    offset, height = entry.top % 60 // STEP, max(entry.minutes // STEP, 4)
    columns = min(entry.columns, 4)
    return f"m-{offset} h-{min(height, 144)} w-{columns} c-{min(entry.column, columns - 1)}"


@register.filter
def of_hour(entries: list[Entry], hour: int) -> list[Entry]:
    """The entries that stand in the grid from this hour on."""
    return [entry for entry in entries if entry.top // 60 == hour]


@register.simple_tag
def students_today(user: User) -> today.StudentToday:
    return today.students_today(user)


@register.simple_tag
def teachers_today(user: User) -> today.TeacherToday | None:
    return today.teachers_today(user)


@register.filter
def names(lesson: Lesson) -> str:
    """The students of a lesson, whose attendances are prefetched."""
    return ", ".join(one.student.get_full_name() for one in lesson.attendances.all())


@register.filter
def in_zone(instant: datetime, name: str) -> Any:
    """The instant as the clocks of this zone say it."""
    from zoneinfo import ZoneInfo

    return instant.astimezone(ZoneInfo(name)).replace(tzinfo=None)


def sees_lessons(user: Any) -> bool:
    """Whether the menu shows the way to private lessons: a hint that may be a minute old, not a right."""
    return user.is_authenticated and _has_lessons(user.pk, user)


@cached_for(seconds=60, key=lambda pk, user: pk)
def _has_lessons(pk: int, user: Any) -> bool:
    return (
        teaches(user)
        or ProjectStudent.objects.filter(student=user).exists()
        or Attendance.objects.filter(payer=user).exists()
        or Account.objects.filter(payer=user).exists()
        or HomeworkCopy.objects.filter(student=user).exists()
    )

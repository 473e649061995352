"""iCalendar (RFC 5545): a person's feed at a secret address, and a file of one lesson.

Each lesson is a single event with a stable UID; SEQUENCE rises at each change, and a cancelled lesson stays in the feed
as STATUS:CANCELLED, so that calendars take it out.
"""

import secrets
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import pgettext
from icalendar import Alarm, Calendar, Event, Timezone

from learning.accounts.models import User
from learning.accounts.school import school
from learning.tutoring.access import scheduled_lessons
from learning.tutoring.models import Attendance, CalendarKey, Lesson, Status
from learning.tutoring.schedule.calendar import entry_of

PAST, AHEAD = timedelta(days=90), timedelta(days=400)
MOST_LESSONS = 2000
REMINDER = timedelta(minutes=15)
_signer = Signer(salt="learning.tutoring.calendar", sep=".")


def secret_of(person: User) -> str:
    """The secret part of the address of a person's calendar; made where there is none."""
    key, _made = CalendarKey.objects.get_or_create(person=person, defaults={"nonce": secrets.token_hex(12)})
    return _signer.sign(f"{person.pk}-{key.nonce}")


def address_of(person: User) -> str:
    return settings.BASE_URL + reverse("calendar_feed", args=(secret_of(person),))


def revoke(person: User) -> None:
    """Close the address; the next one that is asked for is another."""
    CalendarKey.objects.filter(person=person).delete()


def person_of(secret: str) -> User | None:
    """Whose calendar it is; None for an address that is made up or closed, or an account that is closed."""
    try:
        number, _sep, nonce = _signer.unsign(secret).partition("-")
    except BadSignature:
        return None
    key = CalendarKey.objects.filter(person_id=int(number), nonce=nonce).select_related("person").first()
    return key.person if key is not None and key.person.is_active else None


def feed_of(person: User) -> bytes:
    """The calendar of a person: what was in the last three months, and what comes."""
    now = timezone.now()
    people = Prefetch("attendances", Attendance.objects.select_related("student"))
    rows = scheduled_lessons(person).between(now - PAST, now + AHEAD).order_by("starts_at")
    lessons = rows.select_related("project", "teacher").prefetch_related(people)[:MOST_LESSONS]
    # a program that reads the feed says nothing of languages: it is written in the person's own
    with translation.override(person.language):
        return _calendar(person, list(lessons)).to_ical()


def file_of(person: User, lesson: Lesson) -> bytes:
    """One lesson as a file."""
    return _calendar(person, [lesson]).to_ical()


def _calendar(person: User, lessons: list[Lesson]) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Parta//Parta//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", school().name)
    calendar.add("x-wr-timezone", person.time_zone)
    calendar.add("refresh-interval", timedelta(hours=1), {"value": "DURATION"})
    zones = {lesson.project.time_zone for lesson in lessons} - {"UTC"}
    for name in sorted(zones):
        calendar.add_component(Timezone.from_tzinfo(ZoneInfo(name)))
    for lesson in lessons:
        calendar.add_component(_event(person, lesson))
    return calendar


def _event(person: User, lesson: Lesson) -> Event:
    entry = entry_of(lesson, person, lesson.project.zone)
    event = Event()
    event.add("uid", f"{lesson.uid}@{settings.BASE_URL.partition('://')[2]}")
    event.add("sequence", lesson.sequence)
    event.add("dtstamp", lesson.changed_at)
    event.add("last-modified", lesson.changed_at)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("summary", f"{lesson.project.taught} · {entry.names}" if entry.names else lesson.project.taught)
    takes_place = lesson.status != Status.CANCELLED and not entry.is_called_off
    event.add("status", "CONFIRMED" if takes_place else "CANCELLED")
    # a payer sees when, never what for and where
    if entry.is_readable:
        # who has left the project keeps past lessons, but not the room of those to come
        if lesson.project.place and (entry.is_taught or not lesson.is_over):
            event.add("location", lesson.project.place)
        event.add("url", settings.BASE_URL + lesson.get_absolute_url())
    if lesson.status == Status.PLANNED and takes_place:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", pgettext("taught", "Lesson"))
        alarm.add("trigger", -REMINDER)
        event.add_component(alarm)
    return event

"""The calendar: day, week, month, list; a sheet to print; the secret address of the feed."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from learning.accounts.requests import PersonRequest
from learning.base.caching import cached_in_process
from learning.tutoring.access import teaches
from learning.tutoring.models import CalendarKey
from learning.tutoring.models.projects import FIRST_YEAR, LAST_YEAR
from learning.tutoring.schedule import calendar as calendars
from learning.tutoring.schedule import ical
from learning.tutoring.schedule.times import monday_of

VIEWS = ("day", "week", "month", "list")
LIST_DAYS = 28
WEEK = timedelta(days=7)


def asked_day(request: HttpRequest, today: date) -> date:
    """The day of the address, or today where it is none."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    # a year at each end is left out: the weeks around it must be days too (promise 32)
    return day if FIRST_YEAR < day.year < LAST_YEAR else today


@require_safe
@login_required
def calendar(request: PersonRequest) -> HttpResponse:
    """Every lesson that one teaches, takes or pays for, and the dates of one's courses."""
    user = request.user
    today = timezone.localdate(timezone=ZoneInfo(user.time_zone))
    day = asked_day(request, today)
    view = request.GET.get("view", "week")
    view = view if view in VIEWS else "week"
    first, last, before, after = _range(view, day)
    days = calendars.days_of(user, first, last)
    hours = calendars.hours_of(days)
    context: dict[str, Any] = {
        "view": view,
        "views": VIEWS,
        "day": day,
        "today": today,
        "days": days,
        "first": first,
        "last": last,
        "before": before,
        "after": after,
        "hours": hours,
        "weeks": [days[start : start + 7] for start in range(0, len(days), 7)] if view == "month" else [],
        "is_teacher": teaches(user),
        "is_empty": not any(one.entries or one.dates for one in days),
        "zone": user.time_zone,
    }
    # a week of forty lessons takes longer to render than to read: the rendered part is cached under all that it says
    key = ("calendar", user.pk, get_language(), user.time_zone, view, day, calendars.key_of(days))
    context["body"] = cached_in_process(key, lambda: SafeString(render_to_string("tutoring/parts/days.html", context)))
    return render(request, "tutoring/calendar.html", context)


def _range(view: str, day: date) -> tuple[date, date, date, date]:
    """First and last day of a view, and the days that its arrows lead to."""
    if view == "day":
        return day, day, day - timedelta(days=1), day + timedelta(days=1)
    if view == "month":
        first, last = calendars.weeks_of_month(day)
        begin = day.replace(day=1)
        return first, last, (begin - timedelta(days=1)).replace(day=1), (begin + timedelta(days=32)).replace(day=1)
    if view == "list":
        return (
            day,
            day + timedelta(days=LIST_DAYS - 1),
            day - timedelta(days=LIST_DAYS),
            day + timedelta(days=LIST_DAYS),
        )
    monday = monday_of(day)
    return monday, monday + timedelta(days=6), monday - WEEK, monday + WEEK


@require_safe
@login_required
def print_week(request: PersonRequest) -> HttpResponse:
    """A week on one sheet of paper."""
    user = request.user
    day = asked_day(request, timezone.localdate(timezone=ZoneInfo(user.time_zone)))
    monday = monday_of(day)
    days = calendars.days_of(user, monday, monday + timedelta(days=6))
    return render(
        request, "tutoring/week_print.html", {"days": days, "first": monday, "last": monday + timedelta(days=6)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def subscribe(request: PersonRequest) -> HttpResponse:
    """The secret address of one's calendar: made, shown, replaced, closed."""
    user = request.user
    if request.method == "POST":
        ical.revoke(user)
        if request.POST.get("what") == "close":
            messages.success(request, _("The address is closed."))
        else:
            ical.secret_of(user)
            messages.success(request, _("This is the address of your calendar. Who knows it sees your lessons."))
        return redirect("calendar_subscribe")
    is_open = CalendarKey.objects.filter(person=user).exists()
    address = ical.address_of(user) if is_open else ""
    return render(request, "tutoring/subscribe.html", {"address": address})


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """A person's calendar for other programs. The address itself is the key; there is no log-in."""
    person = ical.person_of(secret)
    if person is None:
        raise Http404
    response = HttpResponse(ical.feed_of(person), content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response

"""Who is in a room, and what teachers and moderators see and do there."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import get_template
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from chat import deeds
from chat.models import ReadMarker, Room
from chat.rooms import actions, history
from chat.rooms.access import RoomStanding
from chat.rooms.export import export_rows, rows_of
from chat.rooms.frames import ChatError
from chat.rooms.people import listed_people, mutes_of
from chat.web.views import enter
from learning.accounts.actions import record
from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.courses.models import CoursePage
from learning.enrollment.rights import manages_course

DURATIONS = {
    "10": gettext_lazy("10 minutes"),
    "60": gettext_lazy("an hour"),
    "1440": gettext_lazy("a day"),
    "10080": gettext_lazy("a week"),
    "43200": gettext_lazy("30 days"),
}


def _moderated(request: PersonRequest, room_id: int) -> tuple[Room, RoomStanding]:
    room, standing = enter(request, room_id)
    if not standing.moderates:
        raise Http404
    return room, standing


@require_safe
@login_required
def people(request: PersonRequest, room_id: int) -> HttpResponse:
    """Who is in the room. Moderators see how far each has read, and can mute."""
    room, standing = enter(request, room_id)
    found = listed_people(room)
    if standing.moderates:
        read = dict(ReadMarker.objects.filter(room=room).values_list("user_id", "seq"))
        muted = mutes_of(room)
        for person in found:
            person["unread"] = room.last_seq - read.get(person["id"], 0)
            person["mute"] = muted.get(person["id"])
    context = {"room": room, "standing": standing, "people": found, "durations": DURATIONS}
    return render(request, "chat/people.html", context)


@require_POST
@login_required
def mute(request: PersonRequest, room_id: int) -> HttpResponse:
    """Mute someone for a time with a reason, or let them write again (`lift`)."""
    room, _standing = _moderated(request, room_id)
    actor: Any = request.user
    person = User.objects.filter(pk=parse_id(request.POST.get("person")) or 0).first()
    try:
        if person is None:
            raise actions.cannot_be_muted()
        if "lift" in request.POST:
            actions.unmute(room=room, person=person, actor=actor)
            messages.success(request, _("%(name)s may write again.") % {"name": person})
        else:
            minutes = parse_id(request.POST.get("minutes")) or 0
            duration = timedelta(minutes=min(minutes, 10**6))
            reason = request.POST.get("reason", "")
            actions.mute(room=room, person=person, actor=actor, duration=duration, reason=reason)
            messages.success(request, _("%(name)s is muted, and is told why.") % {"name": person})
    except ChatError as error:
        messages.error(request, str(error.detail))
    return redirect("chat_people", room.pk)


@require_safe
@login_required
def log(request: PersonRequest, room_id: int) -> HttpResponse:
    """What was edited and deleted, with the words that were there before."""
    room, standing = _moderated(request, room_id)
    events = history.log(room, parse_id(request.GET.get("before")))
    more = events[-1].position if len(events) == history.SHOWN else None
    context = {"room": room, "standing": standing, "events": events, "more": more}
    return render(request, "chat/log.html", context)


def _note_export(request: PersonRequest, room: Room) -> None:
    user = request.user
    course = room.of_course
    # because of this entry exports are POST requests: no GET changes anything (promise 14)
    facts = {"did": "exported", "room": room.pk}
    record(deeds.CHAT, actor=user, course_id=course.pk if course else None, facts=facts)


def _as_download(answer: Any, room: Room, ending: str) -> Any:
    name = f"{room.name} {timezone.localdate():%Y-%m-%d}.{ending}"
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@require_POST
@login_required
def export_json(request: PersonRequest, room_id: int) -> StreamingHttpResponse:
    """Everything that was said, for programs."""
    room, _standing = _moderated(request, room_id)
    _note_export(request, room)

    def parts() -> Iterator[str]:
        head = {"room": room.name, "course": room.course_title or None, "exported_at": timezone.now().isoformat()}
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "messages": [\n'
        for number, row in enumerate(export_rows(room)):
            yield (",\n" if number else "") + json.dumps(row, ensure_ascii=False)
        yield "\n]}\n"

    return _as_download(StreamingHttpResponse(parts(), content_type="application/json"), room, "json")


@require_POST
@login_required
def export(request: PersonRequest, room_id: int) -> StreamingHttpResponse:
    """Everything that was said, to read and to print: one page that needs nothing else."""
    room, _standing = _moderated(request, room_id)
    _note_export(request, room)
    page = get_template("chat/export.html").render({"room": room, "at": timezone.localtime()}, request)
    head, foot = page.split("<!-- messages -->")
    row = get_template("chat/export_message.html")

    def parts() -> Iterator[str]:
        yield head
        for item in rows_of(room):
            yield row.render({"m": item})
        yield foot

    answer = _as_download(StreamingHttpResponse(parts(), content_type="text/html; charset=utf-8"), room, "html")
    # should a browser show the file instead of saving it, nothing in it runs (promise 17)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return answer


@require_POST
@login_required
def open_course_room(request: PersonRequest, course_id: int) -> HttpResponse:
    """A room for everyone in a course; for those who look after its students."""
    user = request.user
    course = get_object_or_404(CoursePage, pk=course_id)
    if not manages_course(user, course.pk):
        raise Http404
    room = actions.open_course_room(course=course, actor=user)
    messages.success(request, _("The room is open for everyone in the course."))
    return redirect("chat_room", room.pk)

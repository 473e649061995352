"""The pages of the chat. Everything here works without JavaScript; the socket makes it live."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chat.models import MOST_CHARACTERS, REACTIONS, Message, Room
from chat.rooms import actions, history, people
from chat.rooms.access import RoomStanding, entered_room, moderates_everything
from chat.rooms.files import store_upload
from chat.rooms.frames import MOST_ATTACHMENTS, ChatError
from chat.rooms.lesson_quotes import quote_of
from chat.rooms.membership import rooms_of
from chat.rooms.posting import current_mute, post_message
from chat.web.shown import client_facts, shown
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.enrollment.access import access_to_part
from learning.enrollment.served import served_lesson

PER_PAGE = 30
BEFORE_NEW = 8  # messages that are shown above the line “new”


def enter(request: HttpRequest, room_id: int) -> tuple[Room, RoomStanding]:
    """The room and what this person is there; 404 where they may not be, as where there is none (promise 5)."""
    user: Any = request.user
    entered = entered_room(user, room_id)
    if entered is None:
        raise Http404
    return entered


@require_safe
@login_required
def rooms(request: PersonRequest) -> HttpResponse:
    """One's rooms, what was said last first. Who moderates every chat finds the others by name."""
    user = request.user
    sees_all = moderates_everything(user)
    everything = sees_all and request.GET.get("all") == "1"
    rows = Room.objects.all() if everything else rooms_of(user)
    words = request.GET.get("q", "").replace("\x00", "")[:100].strip()
    if everything and words:
        rows = rows.called(words)
    rows = rows.named().with_unread(user).order_by("-spoken_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "rooms": list(page), "sees_all": sees_all, "everything": everything, "q": words}
    return render(request, "chat/rooms.html", context)


@dataclass
class _Asked:
    """The part of a room's history that a request asks for."""

    leaf: history.HistoryPage
    at: int | None = None


def _asked_for(request: HttpRequest, room: Room, read: int) -> _Asked:
    """The part of the history that the address asks for; else from what is new on, else the newest."""
    numbers = {name: parse_id(request.GET.get(name)) for name in ("before", "after", "at")}
    day = parse_date_of(request.GET.get("date", ""))
    if day is not None:
        numbers["at"] = history.first_at(room, day) or room.last_seq
    if numbers["at"] and room.last_seq:
        at = min(numbers["at"], room.last_seq)
        return _Asked(history.around(room, at), at)
    if numbers["after"]:
        return _Asked(history.after(room, numbers["after"]))
    if numbers["before"]:
        return _Asked(history.before(room, numbers["before"]))
    # with so many unread messages the newest page would not show the first of them
    if read and room.last_seq - read > history.SHOWN - BEFORE_NEW:
        return _Asked(history.after(room, max(0, read - BEFORE_NEW)), read + 1)
    return _Asked(history.before(room, room.last_seq + 1))


def parse_date_of(value: str) -> datetime | None:
    """The beginning of a day, where the reader lives."""
    try:
        day = parse_date(value[:10])
        return timezone.make_aware(datetime(day.year, day.month, day.day)).astimezone(UTC) if day else None
    # in some time zones the first or the last day of the calendar is out of range
    except (ValueError, OverflowError):
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def room(request: PersonRequest, room_id: int) -> HttpResponse:
    """A room: what was said, and the form to say something."""
    user = request.user
    here, standing = enter(request, room_id)
    draft, refused = "", ""
    if request.method == "POST":
        try:
            _post(request, here)
        except ChatError as error:
            draft, refused = request.POST.get("text", "")[: MOST_CHARACTERS * 2], str(error.detail)
        else:
            return redirect(f"{here.get_absolute_url()}#newest")
    elif lesson_id := parse_id(request.GET.get("lesson")):
        draft = _quoted(request, lesson_id)
    read = here.read_seq
    asked = _asked_for(request, here, read)
    beside = history.shown_beside(here, asked.leaf)
    frames = history.frames_of(here, asked.leaf.messages, beside)
    context = {
        "room": here,
        "standing": standing,
        "leaf": asked.leaf,
        "at": asked.at,
        "messages_shown": shown(frames, user=user, read=read, last=here.last_seq),
        "pinned": [message for message in beside if message.pinned_at and not message.deleted_at],
        "mute": current_mute(here.pk, user.pk) if standing.is_muted else None,
        "draft": draft,
        "refused": refused,
        "reply": _reply(asked.leaf, parse_id(request.GET.get("reply"))),
        "nonce": uuid4(),
        "most": MOST_CHARACTERS,
        "reactions": REACTIONS,
        "client": client_facts(here, user, standing),
    }
    return render(request, "chat/room.html", context, status=422 if refused else 200)


def _reply(leaf: history.HistoryPage, seq: int | None) -> Message | None:
    return next((message for message in leaf.messages if message.seq == seq), None)


def _quoted(request: PersonRequest, lesson_id: int) -> str:
    """The place of a lesson that someone wants to talk about, if they may read it."""
    user = request.user
    lesson = served_lesson(lesson_id, request)
    # otherwise the form would show words of a closed lesson (promise 1)
    if lesson is None or not access_to_part(user, lesson).granted:
        return ""
    return quote_of(lesson, request.GET.get("block", ""))


def _post(request: PersonRequest, here: Room) -> None:
    """What the form says, with its files. Sent twice, it is stored once."""
    user = request.user
    try:
        nonce = UUID(request.POST.get("nonce", ""))
    except ValueError:
        nonce = uuid4()
    uploads = request.FILES.getlist("file")[:MOST_ATTACHMENTS]
    # before the files are stored: a form that is sent twice must not store them twice
    known = Message.objects.filter(room=here, author=user, nonce=nonce).exists()
    attachments = () if known else tuple(store_upload(room=here, user=user, upload=each).pk for each in uploads)
    # browsers send line breaks of forms as CRLF, which would count twice against the limit
    text = request.POST.get("text", "").replace("\r\n", "\n")
    reply_to = parse_id(request.POST.get("reply_to"))
    post_message(user_id=user.pk, room_id=here.pk, nonce=nonce, text=text, reply_to=reply_to, attachments=attachments)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def message(request: PersonRequest, room_id: int, seq: int) -> HttpResponse:
    """One message and what can be done with it: `do` in the form names it."""
    user = request.user
    here, standing = enter(request, room_id)
    row = get_object_or_404(Message.objects.select_related("author"), room=here, seq=seq)
    if request.method == "POST":
        try:
            _do(request, user.pk, here.pk, seq)
        except ChatError as error:
            messages.error(request, str(error.detail))
            return redirect("chat_message", here.pk, seq)
        return redirect(f"{here.get_absolute_url()}?{urlencode({'at': seq})}#m{seq}")
    frame = history.frames_of(here, [row])
    is_own = row.author_id == user.pk
    in_time = actions.is_in_time(row) and not row.deleted_at
    seen = None
    if standing.moderates:
        ids = [pk for pk in people.ids_of(here) if pk != row.author_id]
        seen = {"by": history.seen_by(here, seq, ids), "of": len(ids)}
    context = {
        "room": here,
        "standing": standing,
        "message": row,
        "m": shown(frame, user=user, read=here.last_seq, last=here.last_seq)[0],
        "reactions": REACTIONS,
        "may_edit": is_own and in_time and not here.is_read_only,
        "may_delete": not row.deleted_at and (standing.moderates or (is_own and in_time)),
        "seen": seen,
    }
    return render(request, "chat/message_page.html", context)


def _do(request: HttpRequest, user_id: int, room_id: int, seq: int) -> None:
    wish, at = request.POST, {"user_id": user_id, "room_id": room_id, "seq": seq}
    match wish.get("do", ""):
        case "edit":
            actions.edit_message(text=wish.get("text", "").replace("\r\n", "\n"), **at)
        case "delete":
            actions.delete_message(**at)
        case "react":
            actions.react(emoji=wish.get("emoji", ""), on=wish.get("on") != "0", **at)
        case "pin":
            actions.pin(on=wish.get("on") != "0", **at)
        case _:
            raise ChatError("bad_frame", _("There is nothing of this kind to do with a message."))


@require_POST
@login_required
def mark_read(request: PersonRequest, room_id: int) -> HttpResponse:
    """Everything in this room is read."""
    user = request.user
    here, _standing = enter(request, room_id)
    actions.mark_read(user_id=user.pk, room_id=here.pk, seq=parse_id(request.POST.get("seq")) or here.last_seq)
    return redirect("chat")


@require_POST
@login_required
def silence(request: PersonRequest, room_id: int) -> HttpResponse:
    """Hear of new messages in this room, or only of being mentioned."""
    user = request.user
    here, _standing = enter(request, room_id)
    on = request.POST.get("on") == "1"
    actions.silence(user=user, room=here, on=on)
    said = _("You hear only when someone mentions you.") if on else _("You hear of new messages again.")
    messages.success(request, said)
    return redirect("chat_room", here.pk)


@require_safe
@login_required
def search(request: PersonRequest) -> HttpResponse:
    """Messages of one's rooms that hold all the words."""
    user = request.user
    words = request.GET.get("q", "")[:200].strip()
    asked_room = parse_id(request.GET.get("room"))
    wanted = rooms_of(user)
    here = None
    if asked_room:
        here, _standing = enter(request, asked_room)
        # not `rooms_of`: who moderates every chat also searches rooms without being their member
        wanted = Room.objects.filter(pk=here.pk)
    found = history.search(wanted, words, before_pk=parse_id(request.GET.get("before")))
    more = found[-1].pk if len(found) == history.MOST_FOUND else None
    context = {"q": words, "found": found, "room": here, "more": more}
    return render(request, "chat/search.html", context)


@require_safe
@login_required
def discuss(request: PersonRequest, lesson_id: int) -> HttpResponse:
    """From a lesson to the room where it is talked about, with the place quoted."""
    user = request.user
    lesson = served_lesson(lesson_id, request)
    access = access_to_part(user, lesson) if lesson else None
    if lesson is None or access is None or not access.granted:
        raise Http404
    course = lesson.course
    own = rooms_of(user).in_course(course.pk).order_by("group__name", "pk")
    wanted = own.filter(group=access.group_id).first() if access.group_id else None
    choice = [wanted] if wanted else list(own.named()[:PER_PAGE])
    query = urlencode({"lesson": lesson.pk, "block": request.GET.get("block", "")[:36]})
    if len(choice) == 1:
        return redirect(f"{choice[0].get_absolute_url()}?{query}#write")
    if not choice:
        messages.info(request, _("There is no chat for you in this course yet."))
        return redirect(reverse("chat"))
    return render(request, "chat/discuss.html", {"lesson": lesson, "rooms": choice, "query": query})

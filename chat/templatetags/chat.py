"""What pages of the apps below show of the chat."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chat.models import Room
from chat.rooms.membership import RoomLink, links_in_course, rooms_of
from chat.rooms.seats import UnreadRoom, unread_rooms_of
from learning.base.caching import cached_for
from learning.enrollment.access import Access

register = template.Library()
UNREAD_SHOWN = 4


@cached_for(seconds=60)
def _courses_with_a_room() -> frozenset[int]:
    return frozenset(Room.objects.exclude(course=None).values_list("course_id", flat=True))


@register.simple_tag
def discuss_link(page: Any, access: Access | str | None) -> SafeString:
    """From a lesson to the room of those who read it, for who has one: a hint that may be a minute old.

    A preview has no reader, and so no access.
    """
    if (
        not isinstance(access, Access)
        or not access.granted
        or access.viewing
        or not (access.as_student or access.teaches)
    ):
        return SafeString("")
    if not access.teaches and not access.group_id and access.course.pk not in _courses_with_a_room():
        return SafeString("")
    address = reverse("chat_discuss", args=(page.pk,))
    return format_html('<p><a class="fact" href="{}" data-discuss>{}</a></p>', address, _("Discuss in chat"))


@register.inclusion_tag("chat/course_room.html", takes_context=True)
def course_room(context: dict[str, Any], course: Any) -> dict[str, Any]:
    """The rooms of a course, and the way to open one for everyone in it: for who looks after its students."""
    user = context["request"].user
    rooms = list(rooms_of(user).in_course(course.pk).named().order_by("group__name", "pk")[:12])
    has_own = Room.objects.filter(course=course.pk).exists()
    return {
        "course": course,
        "rooms": rooms,
        "has_own": has_own,
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def unread_rooms(user: Any) -> list[UnreadRoom]:
    """The first rooms in which a person has not read everything, without those they have muted; one query."""
    return unread_rooms_of(user, UNREAD_SHOWN)


@register.simple_tag
def room_of_project(user: Any, project: Any) -> str:
    """The address of the chat of a project, for who is in it; empty for others. One query."""
    room = rooms_of(user).filter(project=project.pk).first()
    return room.get_absolute_url() if room else ""


@register.simple_tag
def rooms_in(user: Any, course: Any) -> list[RoomLink]:
    """The chats of a course that a person is in; one query."""
    return links_in_course(user, course.pk) if user.is_authenticated else []

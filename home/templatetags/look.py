"""Template tags of the site's design."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from wagtail.models import Page

from chat.rooms.access import moderates_everything
from chat.rooms.membership import rooms_of
from chat.rooms.seats import unread_total
from learning.accounts.models import Theme
from learning.accounts.school import school
from learning.base.caching import cached_for, cached_in_process
from learning.courses.programme import address_of
from learning.tutoring.templatetags.tutoring import sees_lessons

register = template.Library()


@lru_cache(maxsize=512)
def _icon(name: str, label: str) -> SafeString:
    sprite = static("vendor/lucide/sprite.svg")
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#i-{}"/></svg>', label, sprite, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#i-{}"/></svg>', sprite, name)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Render an icon of the sprite. Screen readers announce its label; without one it is decoration."""
    return _icon(name, str(label))


@register.simple_tag
def school_name() -> str:
    return school().name


@register.simple_tag
def own_host() -> str:
    """Return the configured host, for absolute addresses."""
    return str(settings.BASE_URL)


@register.simple_tag
def own_address(page: Page) -> str:
    """The whole address of a page, on the host of the settings."""
    return f"{settings.BASE_URL}{address_of(page.url_path)}"


@register.filter
def instant(value: datetime) -> str:
    """Format a time for `<time datetime>`, which allows no microseconds."""
    return timezone.localtime(value).isoformat(timespec="seconds")


@register.filter
def minutes(value: int) -> str:
    """`25` → “25 min”, `135` → “2 h 15 min”, in the language of the page."""
    hours, rest = divmod(int(value), 60)
    said_hours = ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours}
    said_rest = ngettext("%(n)d min", "%(n)d min", rest) % {"n": rest}
    if not hours:
        return said_rest
    return f"{said_hours} {said_rest}" if rest else said_hours


@register.filter
def sees_editing(user: Any) -> bool:
    """Whether the menu shows the way to the CMS: a hint that may be a minute old, not a right."""
    if not user.is_authenticated:
        return False
    # the cache compares only the pk: each request has a user object of its own
    return _is_staff_member(user.pk, user)


@cached_for(seconds=60, key=lambda pk, user: pk)
def _is_staff_member(pk: int, user: Any) -> bool:
    return user.is_staff_member


def sees_teaching(user: Any) -> bool:
    """Whether the menu shows the way to one's students: a hint, as `sees_editing` is."""
    return sees_editing(user) and _looks_after_students(user.pk, user)


@cached_for(seconds=60, key=lambda pk, user: pk)
def _looks_after_students(pk: int, user: Any) -> bool:
    return user.has_perm("enrollment.change_enrollment")


def sees_chat(user: Any) -> bool:
    """Whether the menu shows the way to the chat: for who has a room, or moderates them; a hint as the others."""
    return user.is_authenticated and _has_rooms(user.pk, user)


@cached_for(seconds=60, key=lambda pk, user: pk)
def _has_rooms(pk: int, user: Any) -> bool:
    return rooms_of(user).exists() or (sees_editing(user) and moderates_everything(user))


@cached_for(seconds=5, key=lambda pk, user: pk)
def _unread(pk: int, user: Any) -> int:
    """Return the number of unread messages when the page is rendered; its socket updates the number afterwards."""
    return unread_total(user)


def _unread_badge(user: Any) -> SafeString:
    count = _unread(user.pk, user)
    return format_html(
        '<span class="count" data-unread data-user="{}"{}>{}</span>',
        user.pk,
        SafeString("" if count else " hidden"),
        "99+" if count > MOST_COUNTED else count or "",
    )


def _theme_of(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return user.theme
    asked = request.COOKIES.get("theme", "")
    return asked if asked in Theme.values else Theme.AUTO


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """The theme of this request: of the account, else of the cookie, else the device's."""
    request: HttpRequest | None = context.get("request")
    return Theme.AUTO if request is None else _theme_of(request)


# Marks in a cached frame for what differs by person and page; they are replaced at each request.
_TOKEN, _NEXT, _NAME, _AVATAR = "\x01token\x01", "\x01next\x01", "\x01name\x01", "\x01avatar\x01"
_UNREAD = "\x01unread\x01"
_SECTIONS = ("/courses/", "/chat/", "/me/profile/", "/me/", "/search/", "/calendar/", "/tutoring/", "/homework/")
MOST_COUNTED = 99


def _section(path: str) -> str:
    return next((section for section in _SECTIONS if path.startswith(section)), "")


def _form_token(request: HttpRequest) -> str:
    """The form token, masked once for all parts of a page: masking draws 32 random characters each time."""
    token: str | None = getattr(request, "_masked_form_token", None)
    if token is None:
        token = get_token(request)
        request._masked_form_token = token  # type: ignore[attr-defined]
    return token


@register.simple_tag(takes_context=True)
def frame(context: dict[str, Any], part: str) -> SafeString:
    """A part of the frame around every page: such as `header` or `footer`.

    It is the same for all readers with the same language, theme, section and menu, so it is cached; name, picture
    and form token are inserted for each request.
    """
    request: HttpRequest | None = context.get("request")
    if request is None or not hasattr(request, "user"):
        return SafeString("")
    user: Any = request.user
    facts = {
        "language": get_language(),
        "school": school(),
        "signed_in": user.is_authenticated,
        "section": _section(request.path),
        "chosen_theme": _theme_of(request),
        "sees_editing": sees_editing(user),
        "sees_teaching": sees_teaching(user),
        "sees_chat": sees_chat(user),
        "sees_lessons": sees_lessons(user),
    }
    # every fact that the template gets is in the key, so people share a frame only if theirs is the same
    key = ("frame", part, *facts.values())
    marks = {"token": _TOKEN, "next": _NEXT, "name": _NAME, "avatar": _AVATAR, "unread": _UNREAD}
    html: str = cached_in_process(key, lambda: render_to_string(f"components/{part}.html", {**facts, **marks}))
    # a path can contain neither a mark nor HTML: Django percent-encodes it, and it is escaped (promise 17)
    if _TOKEN in html:
        html = html.replace(_TOKEN, _form_token(request)).replace(_NEXT, escape(request.get_full_path()))
    if user.is_authenticated and part == "header":
        html = html.replace(_NAME, escape(user.get_short_name())).replace(_AVATAR, avatar(user, see_picture=True))
    if _UNREAD in html:
        html = html.replace(_UNREAD, _unread_badge(user))
    return SafeString(html)


@register.simple_tag
def avatar(person: Any, size: str = "", see_picture: bool = False) -> SafeString:
    """A person's picture, or their initials; pictures are for people who are signed in."""
    if person.avatar and see_picture:
        return format_html(
            '<img class="avatar {}" src="{}" alt="" width="48" height="48">', size, reverse("avatar", args=(person.pk,))
        )
    return format_html('<span class="avatar {}" aria-hidden="true">{}</span>', size, person.initials)

"""Small pieces of the look that every template may use."""

from functools import lru_cache
from typing import Any

from django import template
from django.core.cache import cache
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from learning.accounts.models import Theme

register = template.Library()


@lru_cache(maxsize=256)
def _icon(name: str, label: str, sprite: str) -> SafeString:
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#i-{}"/></svg>', label, sprite, name
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#i-{}"/></svg>', sprite, name)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; with a label it speaks, without it is decoration."""
    return _icon(name, label, static("vendor/lucide/sprite.svg"))


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
    key = f"home:sees-editing:{user.pk}"
    seen = cache.get(key)
    if seen is None:
        seen = user.is_staff_member
        cache.set(key, seen, 60)
    return seen


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """The theme of this request: of the account, else of the cookie, else the device's."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return Theme.AUTO
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return user.theme
    asked = request.COOKIES.get("theme", "")
    return asked if asked in Theme.values else Theme.AUTO

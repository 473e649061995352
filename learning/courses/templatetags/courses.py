"""Template tags of courses."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from wagtail.models import Page

from learning.base.caching import cached_shared
from learning.courses.catalogue import catalogue_context
from learning.courses.pages import CatalogPage, CoursePage, CoursePart
from learning.courses.programme import address_of, programme_key
from learning.courses.reading import body_html

register = template.Library()


@register.simple_tag(takes_context=True)
def catalogue(context: dict[str, Any], page: CatalogPage) -> dict[str, Any]:
    """Return the courses of this catalogue that match the filters in the request, and the filters."""
    return catalogue_context(page, context["request"].GET)


@register.simple_tag
def page_address(page: Page) -> str:
    """The path of a page, without a query."""
    return address_of(page.url_path)


@register.simple_tag(takes_context=True)
def cached_part(context: dict[str, Any], page: CoursePage, template: str) -> SafeString:
    """A part of a course's page that is the same for everyone; cached as long as the course is not changed."""
    facts = {"page": page, "language": get_language()}
    if getattr(context.get("request"), "is_preview", True) or not page.live:
        return render_to_string(template, facts)
    # programme_key also changes when a subject is renamed and when the file of the cover changes
    key = (template, page.live_revision_id, *programme_key(page), facts["language"])
    return mark_safe(cached_shared(key, lambda: str(render_to_string(template, facts))))  # our own rendering


@register.simple_tag(takes_context=True)
def body(context: dict[str, Any], page: CoursePart) -> SafeString:
    """The body of a lesson or introduction of a module, cached while it does not change."""
    request: HttpRequest = context["request"]
    return body_html(page, request)

"""The rendered body of a lesson or module, cached until something that it is rendered from changes."""

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from learning.base.caching import cached_shared
from learning.courses.pages import CoursePart
from learning.courses.templatetags.heading import anchor


def body_html(page: CoursePart, request: HttpRequest) -> SafeString:
    """Return the body as HTML. It is the same for every reader, so it is cached by the published revision and
    the interface language; a preview is always rendered and never cached."""
    # a request without the mark counts as a preview: it is better to render too often than to cache a draft
    if getattr(request, "is_preview", True) or not page.live:
        return page.stream.render_as_block({"page": page, "request": request})
    key = ("body", page.pk, page.live_revision_id, page.content_stamp.timestamp(), get_language())
    # without the request, so that nothing of one reader can get into what all readers share
    return mark_safe(cached_shared(key, lambda: str(page.stream.render_as_block({"page": page}))))  # our own rendering


def headings_of(page: CoursePart, is_preview: bool) -> list[tuple[str, str]]:
    """Titles of the sections of a page, each with its anchor; cached as the body is."""

    def read() -> list[tuple[str, str]]:
        found = [block.value for block in page.stream if block.block_type == "heading"]
        return [(value["text"], anchor(value["text"])) for value in found if value["level"] == "2"]

    if is_preview or not page.live:
        return read()
    # without the language: headings are the author's text and are not translated
    return cached_shared(("headings", page.pk, page.live_revision_id, page.content_stamp.timestamp()), read)

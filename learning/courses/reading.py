"""The rendered body of a lesson or module, kept as long as what it was made from."""

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from learning.courses.keeping import kept
from learning.courses.pages import CoursePart
from learning.courses.templatetags.heading import anchor


def body_html(page: CoursePart, request: HttpRequest) -> SafeString:
    """The body as HTML. The same for every reader, so it belongs to the published revision and the
    interface language; a preview is rendered anew and never kept."""
    if getattr(request, "is_preview", True) or not page.live:
        return page.stream.render_as_block({"page": page, "request": request})
    key = ("body", page.pk, page.live_revision_id, page.content_stamp.timestamp(), get_language())
    return mark_safe(kept(key, lambda: str(page.stream.render_as_block({"page": page}))))  # our own rendering


def headings_of(page: CoursePart, is_preview: bool) -> list[tuple[str, str]]:
    """Titles of the sections of a page, each with its anchor; kept as the body is."""

    def read() -> list[tuple[str, str]]:
        found = [block.value for block in page.stream if block.block_type == "heading"]
        return [(value["text"], anchor(value["text"])) for value in found if value["level"] == "2"]

    if is_preview or not page.live:
        return read()
    return kept(("headings", page.pk, page.live_revision_id, page.content_stamp.timestamp()), read)

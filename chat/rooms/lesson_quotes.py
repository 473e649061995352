"""Quotes of lesson blocks in chat messages, with a link to the place."""

import re

from django.conf import settings
from django.utils.html import strip_tags
from wagtail.blocks import StreamValue

from chat.rooms.text import excerpt
from learning.courses.models import LessonPage
from learning.courses.programme import address_of

_BLOCK_END = re.compile(r"</(?:p|li|h\d|div|td|th)>|<br\s*/?>")
WORDS_OF = ("text", "heading", "callout")


def quote_of(lesson: LessonPage, block_id: str = "") -> str:
    """The beginning of a block, quoted, and the address of the place; of the lesson where there is no such block."""
    address = settings.BASE_URL + address_of(lesson.url_path)
    body: StreamValue = lesson.body
    block = next((child for child in body if child.id == block_id), None)
    if block is None:
        return f"{address}\n\n"
    words = ""
    if block.block_type in WORDS_OF:
        words = excerpt(strip_tags(_BLOCK_END.sub(" ", str(block.render()))))
    return f"> {words}\n\n{address}#b-{block_id}\n\n" if words else f"{address}#b-{block_id}\n\n"

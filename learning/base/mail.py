"""The text of a mail from a template: the first line that is not empty is its subject."""

import re
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


class MailText(NamedTuple):
    subject: str
    body: str


def mail_text(template: str, language: str, context: dict[str, Any]) -> MailText:
    """Render a template of mail in this language, or in the school's where it is empty.

    Any number of empty lines becomes one, so that a template may have each statement on a line of its own.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        text = render_to_string(template, {**context, "base_url": settings.BASE_URL})
    # the subject ends at the first line break: a value with one in it adds no header to the mail
    subject, _newline, body = _BLANK_LINES.sub("\n\n", text).strip().partition("\n")
    return MailText(subject.strip(), body.strip() + "\n")

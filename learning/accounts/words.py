"""Small pieces of sentences."""

from typing import Any

from django.utils.translation import gettext as _


def quoted(name: Any) -> str:
    """A name in the quotation marks of the reader's language."""
    return _("“%(name)s”") % {"name": name}

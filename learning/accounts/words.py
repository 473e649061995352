"""Small texts that several pages use."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# Texts of allauth that our catalogues translate themselves: its French has nouns on buttons (“Création de compte”).
OF_ALLAUTH = (gettext_noop("Sign Up"), gettext_noop("Sign In"), gettext_noop("Sign Out"))


def quoted(name: Any) -> str:
    """A name in the quotation marks of the reader's language."""
    return _("“%(name)s”") % {"name": name}

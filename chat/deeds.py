"""Audit log entries about chats."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from learning.accounts.audit import Deed, Facts, Names, register_deed


def _of_chat(facts: Facts, names: Names) -> list[str]:
    said = [_("message %(n)s") % {"n": facts["seq"]}] if facts.get("seq") else []
    minutes = facts.get("minutes")
    if minutes:
        said.append(ngettext("for %(n)s minute", "for %(n)s minutes", minutes) % {"n": minutes})
    return said


CHAT = register_deed(
    Deed(
        "chat",
        gettext_lazy("Chat"),
        _of_chat,
        did={
            "deleted": pgettext_lazy("audit log", "Deleted"),
            "exported": gettext_lazy("Chat exported"),
            "muted": gettext_lazy("May not write in the chat"),
            "unmuted": gettext_lazy("May write in the chat again"),
            "opened": gettext_lazy("Chat of the course opened"),
        },
    )
)

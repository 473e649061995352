"""Audit log entries about private lessons that staff changed for others."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext

from learning.accounts.audit import Deed, Facts, Names, register_deed


def _of_tutoring(facts: Facts, names: Names) -> list[str]:
    count = facts.get("count", 0)
    return [npgettext("taught", "%(n)s lesson", "%(n)s lessons", count) % {"n": count}] if count else []


TUTORING = register_deed(
    Deed(
        "tutoring",
        _("Private lessons"),
        _of_tutoring,
        did={
            "gave_project": _("Project given to another teacher"),
            "gave_lesson": _("Lesson given to a substitute"),
            "held": _("Marked as held"),
            "missed": _("Marked as missed"),
            "cancelled": _("Cancelled"),
        },
    )
)

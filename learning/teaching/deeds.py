"""Audit log entries about letters."""

from django.utils.translation import gettext_lazy, ngettext

from learning.accounts.audit import Deed, Facts, Names, register_deed


def _of_letter(facts: Facts, names: Names) -> list[str]:
    count = facts.get("readers", 0)
    return [ngettext("To %(n)s student", "To %(n)s students", count) % {"n": count}]


LETTER = register_deed(Deed("letter", gettext_lazy("Letter"), _of_letter))

"""Audit log entries about imports."""

from django.utils.translation import gettext_lazy, ngettext

from learning.accounts.audit import Deed, Facts, Names, register_deed


def _of_import(facts: Facts, names: Names) -> list[str]:
    count = facts.get("rows", 0)
    return [ngettext("%(n)s row", "%(n)s rows", count) % {"n": count}]


IMPORT = register_deed(Deed("import", gettext_lazy("Import"), _of_import))

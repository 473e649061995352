"""Personal data in the audit log, described as on its screen."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from learning.accounts.audit import deed_of
from learning.accounts.models import AuditEntry
from learning.accounts.own_data import DataSection, Row, in_words, register_data, rows_of
from learning.teaching.admin.audit_words import EntryNames
from learning.teaching.admin.audit_words import in_words as entry_in_words


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    entries = [AuditEntry(deed=row["deed"], facts=row["facts"]) for row in rows]
    # the names of all rows at once, as `EntryNames` takes three queries each time
    names = EntryNames(entries)
    return [
        [str(deed_of(entry.deed).label), entry_in_words(entry, names), in_words(row["at"])]
        for entry, row in zip(entries, rows, strict=True)
    ]


register_data(
    DataSection(
        "audit",
        _("What the school noted about you"),
        lambda person: rows_of(AuditEntry.objects.filter(person=person), "deed", "facts", "at"),
        {"deed": _("What"), "facts": _("Details"), "at": _("When")},
        cells=_cells,
    ),
    order=60,
)

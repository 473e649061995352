"""Personal data of the exchange app."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from learning.accounts.own_data import DataSection, register_data, rows_of
from learning.exchange.models import ImportRow, ImportRun


def _state(code: str) -> Any:
    return ImportRun.State(code).label


register_data(
    DataSection(
        "imports",
        _("Imports that you made"),
        lambda person: rows_of(ImportRun.objects.filter(owner=person), "filename", "created_at", "state"),
        {"filename": _("File"), "created_at": _("Created"), "state": _("State")},
        words={"state": _state},
    ),
    DataSection(
        "named_in_imports",
        _("Imports that name you"),
        lambda person: rows_of(ImportRow.objects.filter(email=person.email.lower()), "said", "run__created_at"),
        {"said": _("What it said"), "run__created_at": _("When")},
    ),
    order=40,
)

"""Exports of Wagtail's reports: text that a spreadsheet would run as a formula is made plain text (promise 17)."""

from typing import Any

from wagtail.admin.views.mixins import SpreadsheetExportMixin

from learning.base.sheets import safe_cell


def make_exports_safe() -> None:
    """Have all exports of Wagtail's admin write cells as our own exports do.

    Wagtail has no setting for it, and its reports are many, so the method that they all share is replaced.
    """
    plain = SpreadsheetExportMixin.preprocess_field_value

    def preprocess_field_value(self: Any, field: str, value: Any, export_format: str) -> Any:
        cell = plain(self, field, value, export_format)
        return safe_cell(cell) if isinstance(cell, str) else cell

    SpreadsheetExportMixin.preprocess_field_value = preprocess_field_value

"""Panels of the forms of course pages."""

from typing import Any

from wagtail.admin.panels import PageChooserPanel
from wagtail.admin.widgets import AdminPageChooser
from wagtail.models import Page


class PublicTitleChooser(AdminPageChooser):
    """Show the published title of the chosen page: the title of a newer draft is only for its authors (promise 6)."""

    def get_display_title(self, instance: Page) -> str:
        return str(instance.title)


class PublicTitleChooserPanel(PageChooserPanel):
    """Choose a page that may belong to other authors."""

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        options["widgets"][self.field_name] = PublicTitleChooser(target_models=self.page_type)
        return options

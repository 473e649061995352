"""Panels of the forms of course pages."""

from typing import Any

from wagtail.admin.panels import PageChooserPanel
from wagtail.admin.widgets import AdminPageChooser
from wagtail.models import Page


class PublicTitleChooser(AdminPageChooser):
    """Shows the title that the chosen page has on the site: a newer one of a draft is for its authors."""

    def get_display_title(self, instance: Page) -> str:
        return str(instance.title)


class PublicTitleChooserPanel(PageChooserPanel):
    """Chooses a page, perhaps of other authors."""

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        options["widgets"][self.field_name] = PublicTitleChooser(target_models=self.page_type)
        return options

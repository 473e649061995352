"""The page explorer of the CMS. It shows drag handles only to people who may change the order."""

from typing import Any

from wagtail.admin.views.pages.listing import ExplorableIndexView
from wagtail.admin.viewsets.pages import PageViewSet
from wagtail.models import Page


class SchoolIndexView(ExplorableIndexView):
    """List the children of a page, and say when a new order takes effect without approval."""

    results_template_name = "courses/cms/explorer_results.html"

    def get_reorder_url(self) -> str | None:
        # Wagtail gives the address to everyone and refuses only when the new order is sent
        return super().get_reorder_url() if self.permissions.can_reorder_children() else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["reorders_without_publishing"] = (
            self.ordering == self.sort_order_field
            and self.permissions.can_reorder_children()
            and not self.permissions.can_publish()
        )
        return context


# Page types without a viewset of their own use that of `Page`, so this one is for the whole tree.
explorer = PageViewSet("school_explorer", model=Page, index_view_class=SchoolIndexView)

"""Wagtail's own view restrictions, without a query of their own when there are none."""

from typing import Any

from wagtail.models import PageViewRestriction


class RestrictionsMixin:
    """Obey the “privacy” settings of editors, without a query in a school that uses none.

    `routing.find_page` learns in its one query whether there is any, and sets `no_restrictions`.
    """

    # False by default: a page that was found another way asks the database, as Wagtail does
    no_restrictions = False

    def get_view_restrictions(self) -> Any:
        return PageViewRestriction.objects.none() if self.no_restrictions else super().get_view_restrictions()  # type: ignore[misc]

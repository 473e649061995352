"""Wagtail's own view restrictions, without a query of their own when there are none."""

from typing import Any

from wagtail.models import PageViewRestriction


class RestrictionsMixin:
    """An editor's “privacy” setting is obeyed; a school that uses none pays nothing for it.

    The resolver of addresses sets `no_restrictions` in its one query when there is none at all.
    """

    no_restrictions = False

    def get_view_restrictions(self) -> Any:
        return PageViewRestriction.objects.none() if self.no_restrictions else super().get_view_restrictions()  # type: ignore[misc]

"""Bulk actions on rows that the user manages."""

from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.http import Http404, QueryDict
from wagtail.admin.views.bulk_action import BulkAction

from learning.base.numbers import parse_ids

NAMED = 20  # rows that the question “are you sure?” names


class ManagedBulkAction(BulkAction):
    """A bulk action limited to rows that the user manages.

    A subclass says which rows these are, and which of them a list with that query shows.
    """

    template_name = "teaching/cms/bulk.html"
    icon_name = "tasks"

    def managed(self) -> QuerySet[Any]:
        """Return the rows that the user manages, with the related rows that `named` shows."""
        raise NotImplementedError

    def listed(self, asked: QueryDict) -> QuerySet[Any]:
        """Return the managed rows that the list shows for this query string; “all” means all of these."""
        raise NotImplementedError

    def named(self, row: Any) -> str:
        """Return the text for one row in the confirmation question."""
        return str(row)

    def check_perm(self, obj: Any) -> bool:
        return True  # `managed` holds only rows that the user may change

    def get_all_objects_in_listing_query(self, parent_id: Any) -> Any:
        # “all” is all rows of the filtered list that the user comes from; its query is in `next`
        return self.listed(QueryDict(urlsplit(self.next_url).query)).values_list("pk", flat=True)

    def get_actionable_objects(self) -> tuple[list[Any], dict[str, Any]]:
        asked: Any = self.request.GET.getlist("id")
        # Wagtail itself takes “all” for every row of the table, and fails on ids that are no numbers (promise 32)
        asked = self.get_all_objects_in_listing_query(None) if "all" in asked else parse_ids(asked)
        # rows of others are left out without a word, as if they did not exist (promises 5 and 6)
        found = list(self.managed().filter(pk__in=asked))
        if not found:
            raise Http404
        return found, {"items_with_no_access": []}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["named"] = [self.named(entry["item"]) for entry in context["items"][:NAMED]]
        context["more"] = max(0, len(context["items"]) - NAMED)
        context["title"] = self.display_name
        context["icon_name"] = self.icon_name
        return context

    def get_execution_context(self) -> dict[str, Any]:
        data = self.cleaned_form.cleaned_data if self.cleaned_form else {}
        return {"actor": self.request.user, "request": self.request, **data}

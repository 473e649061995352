"""Lists of the CMS for rows that the user manages: search, add, change in bulk."""

from typing import Any, ClassVar

from django.urls import path
from wagtail.admin.views.generic import IndexView
from wagtail.admin.viewsets.model import ModelViewSet

from learning.base.screens import ListTextsMixin


class ManagedIndexView(ListTextsMixin, IndexView):
    """A list without buttons on its rows; the filter gets the request."""

    page_kwarg = "p"
    default_ordering = "-pk"
    is_searchable = True

    def get_list_buttons(self, instance: Any) -> list[Any]:
        return []

    def get_filterset_kwargs(self) -> dict[str, Any]:
        return {**super().get_filterset_kwargs(), "request": self.request}


class AddOnlyViewSet(ModelViewSet):
    """A list and a form to add. Existing rows are changed by bulk actions and views of their own, never by a form."""

    list_per_page = 50
    index_template_name = "teaching/cms/list.html"
    index_results_template_name = "teaching/cms/list_results.html"
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = False
    create_edit_handler: ClassVar[Any]
    add_path = "new/"

    def get_edit_handler(self) -> Any:
        return self.create_edit_handler.bind_to_model(self.model)

    def get_form_class(self, for_update: bool = False) -> Any:
        return self._edit_handler.get_form_class()

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        # without these names Wagtail shows no links to views that do not exist here
        return {**super().get_index_view_kwargs(**kwargs), "edit_url_name": None, "delete_url_name": None}

    def get_add_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_add_view_kwargs(**kwargs), "edit_url_name": None}

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path(self.add_path, self.add_view, name="add"),
        ]

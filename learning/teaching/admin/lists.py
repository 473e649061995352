"""Lists of the CMS of what belongs to courses that one looks after: to be searched, added to and changed in bulk."""

from typing import Any, ClassVar

from django.urls import path
from wagtail.admin.views.generic import IndexView
from wagtail.admin.viewsets.model import ModelViewSet


class ManagedIndexView(IndexView):
    """A list without buttons at its rows; the filter knows who asks."""

    page_kwarg = "p"
    default_ordering = "-pk"
    is_searchable = True

    def get_list_buttons(self, instance: Any) -> list[Any]:
        return []

    def get_filterset_kwargs(self) -> dict[str, Any]:
        return {**super().get_filterset_kwargs(), "request": self.request}


class AddOnlyViewSet(ModelViewSet):
    """A list and a form to add. What is there is changed by bulk actions and screens of its own, never by a form."""

    list_per_page = 50
    index_template_name = "teaching/cms/list.html"
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
        return {**super().get_index_view_kwargs(**kwargs), "edit_url_name": None, "delete_url_name": None}

    def get_add_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_add_view_kwargs(**kwargs), "edit_url_name": None}

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path(self.add_path, self.add_view, name="add"),
        ]

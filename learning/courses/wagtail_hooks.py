from typing import Any

from wagtail import hooks
from wagtail.admin.viewsets.pages import PageViewSet
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import SnippetViewSet

from learning.courses.choosers import CHOOSERS
from learning.courses.explorer import explorer
from learning.courses.models import Subject
from learning.courses.whole_views import addresses, whole_course_button

hooks.register("register_page_header_buttons", whole_course_button)


class SubjectChooserViewSet(SnippetChooserViewSet):
    def get_urlpatterns(self) -> list[Any]:
        """Leave out the address that creates a subject: the chooser has no form for it, so Wagtail would fail."""
        return [pattern for pattern in super().get_urlpatterns() if pattern.name != "create"]


class SubjectViewSet(SnippetViewSet):
    model = Subject
    chooser_viewset_class = SubjectChooserViewSet
    icon = "tag"
    list_display = ["name", "slug"]


register_snippet(SubjectViewSet)


# after Wagtail's own viewset of Page: the one that is registered last is used
@hooks.register("register_admin_viewset", order=100)
def register_explorer() -> PageViewSet:
    return explorer


# before Wagtail's chooser of documents: the one that is registered last becomes the default of the model
@hooks.register("register_admin_viewset", order=0)
def register_choosers() -> list[Any]:
    return list(CHOOSERS.values())


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return addresses

"""What our own CMS screens share: Wagtail's current header with breadcrumbs, and the words of lists."""

from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin.paginator import WagtailPaginator


class _CountedPaginator(WagtailPaginator):
    @cached_property
    def items_count_label(self) -> str:
        return _("In all: %(n)s") % {"n": self.count}


class ListTextsMixin:
    """Texts of a list that are right in every language.

    Wagtail puts the number before the plural of the model and writes “There are no %(plural)s”: languages with cases
    or several plurals need other forms there (“8 люди”).
    """

    paginator_class = _CountedPaginator
    is_searching: bool
    is_filtering: bool

    @cached_property
    def no_results_message(self) -> str:
        if self.is_searching or self.is_filtering:
            return _("Nothing was found. Try fewer words.")
        return _("There is nothing here yet.")


def header(title: Any, *, icon: str, below: tuple[str, Any] | None = None) -> dict[str, Any]:
    """Context for a template that extends `wagtailadmin/generic/base.html`.

    `below` is the list that the screen belongs to: the name of its address and its title.
    """
    trail = [{"url": reverse(below[0]), "label": below[1]}] if below else []
    return {
        "header_title": title,
        "header_icon": icon,
        "breadcrumbs_items": [*trail, {"url": "", "label": title}],
    }

"""The header of our own CMS screens: Wagtail's current one, with breadcrumbs."""

from typing import Any

from django.urls import reverse


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

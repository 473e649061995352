"""What the CMS templates of the school need."""

from typing import Any

from django import template
from django.utils.text import capfirst
from wagtail_modeladmin.views import IndexView, WMABaseView

register = template.Library()


@register.simple_tag
def trail(view: WMABaseView) -> list[dict[str, Any]]:
    """Return the breadcrumbs of a modeladmin view: its list, and below it the view itself."""
    name = capfirst(view.verbose_name_plural)
    if isinstance(view, IndexView):
        return [{"url": "", "label": name}]
    instance = getattr(view, "instance", None)
    title = str(instance) if instance is not None and instance.pk else view.get_page_title()
    return [{"url": view.index_url, "label": name}, {"url": "", "label": title}]

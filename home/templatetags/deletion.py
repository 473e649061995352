"""Template tags for the CMS: what a deletion affects."""

from typing import Any

from django import template
from wagtail.models import Page

from home.deletion import facts_of_aliases, facts_of_pages, facts_of_person
from learning.accounts.models import User

register = template.Library()


@register.inclusion_tag("home/cms/facts.html", takes_context=True)
def deletion_facts(context: dict[str, Any], thing: Page | User) -> dict[str, Any]:
    """The list of what goes with a page or a person."""
    if isinstance(thing, User):
        return {"facts": facts_of_person(thing)}
    return {"facts": facts_of_pages(context["request"].user, thing)}


@register.inclusion_tag("home/cms/facts.html", takes_context=True)
def bulk_deletion_facts(context: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """What goes with all these pages together."""
    return {"facts": facts_of_pages(context["request"].user, *(item["item"] for item in items)) if items else []}


@register.inclusion_tag("home/cms/facts.html", takes_context=True)
def unpublishing_facts(context: dict[str, Any], page: Page) -> dict[str, Any]:
    """Aliases that go with a page that is unpublished."""
    return {"facts": facts_of_aliases(context["request"].user, page, below=False)}

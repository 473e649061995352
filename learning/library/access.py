"""The door for stored files: a file may be read by whoever may read a page that shows it.

Wagtail's reference index knows which pages show a picture or file; it is kept with the published
content, so a picture that stands only in a draft is seen by those alone who may work with it.
"""

from typing import Any

from django.contrib.contenttypes.models import ContentType
from wagtail.models import Page, ReferenceIndex
from wagtail.permissions import policy_registry

from learning.enrollment.access import Person, may_read_page
from learning.library.models import Picture, StoredFile

_WORK = {"add", "change", "delete", "choose"}
PAGES_LOOKED_AT = 20


def pages_showing(file: Picture | StoredFile) -> list[Page]:
    """Live pages that show this file, or show it as their cover."""
    base = ContentType.objects.get_for_model(Page)
    ids = (
        ReferenceIndex.get_references_to(file)
        .filter(base_content_type=base)
        .values_list("object_id", flat=True)
        .distinct()
    )
    pages = Page.objects.live().filter(pk__in=[int(pk) for pk in ids]).order_by("path")
    return list(pages.specific()[:PAGES_LOOKED_AT])


def works_with(user: Person, file: Picture | StoredFile) -> bool:
    """Whether the person may use the file in the CMS: rights on its collection, or it is their own upload."""
    if not user.is_authenticated or not user.is_active:
        return False
    policy: Any = policy_registry.get_by_type(type(file))
    return policy.user_has_any_permission_for_instance(user, _WORK, file)


def may_read_file(user: Person, file: Picture | StoredFile) -> bool:
    return any(may_read_page(user, page) for page in pages_showing(file)) or works_with(user, file)

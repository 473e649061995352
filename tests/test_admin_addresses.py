"""Every address of the CMS was judged once: who may open it, and what it shows to whom. A new one fails here.

When Wagtail or an app brings an address: look at it as a teacher of another course and as a role with a right in one
course, guard it if it shows more than they may see (`learning/enrollment/cms_door.py`, `config/admin_urls.py`), give it
to the walk (`tests/walk.py`), and then add its line to `tests/admin_addresses.txt`.
"""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLResolver, get_resolver
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.admin.views.account import LogoutView

from config.admin_urls import REPLACED, replaced_urls, replacing
from tests.parts import ONCE

pytestmark = ONCE
JUDGED = Path(__file__).with_name("admin_addresses.txt")


def addresses_below(patterns: list[Any], before: str) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        route = f"{before}{pattern.pattern}"
        found |= addresses_below(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else {route}
    return found


def test_every_address_of_the_cms_was_judged() -> None:
    found = {address for address in addresses_below(get_resolver().url_patterns, "") if address.startswith("cms/")}
    judged = set(JUDGED.read_text(encoding="utf-8").split("\n")) - {""}
    assert sorted(found - judged) == [], "New addresses: judge them as this file says."
    assert sorted(judged - found) == [], "These are gone: what guarded them may guard nothing now."


def test_views_of_ours_stand_at_every_address_of_those_they_replace() -> None:
    assert len(replaced_urls) == 7  # the report of page types has two
    with pytest.raises(ImproperlyConfigured, match="LogoutView"):
        replacing([], {LogoutView: lambda view: view})
    found = replacing(wagtailadmin_urls.urlpatterns, {LogoutView: lambda view: view})
    assert [pattern.name for pattern in found] == ["wagtailadmin_logout"]
    assert len(REPLACED) == 6

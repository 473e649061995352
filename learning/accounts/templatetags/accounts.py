"""Template filters about accounts."""

import re

from django import template
from django.utils.translation import gettext as _

register = template.Library()

# The first match counts: a User-Agent often names other browsers too (Edge names Chrome, Chrome names Safari).
BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/|\bOpera/"),
    ("Yandex", r"\bYaBrowser/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
)
SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Windows", r"\bWindows\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("macOS", r"\bMac(?: OS X|intosh)\b"),
    ("Linux", r"\bLinux\b"),
)


@register.filter
def device(user_agent: str) -> str:
    """Return a name such as “Firefox on Windows” for a User-Agent header."""

    def named(table: tuple[tuple[str, str], ...]) -> str:
        return next((name for name, pattern in table if re.search(pattern, user_agent)), "")

    browser, system = named(BROWSERS), named(SYSTEMS)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("An unknown device")

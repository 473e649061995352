"""How intervals and shares are said on the pages of words."""

from datetime import timedelta

from django.utils.translation import ngettext


def interval_text(interval: timedelta) -> str:
    """“10 min”, “4 days”, “3 months”: as long as one glance takes."""
    minutes = max(1, round(interval.total_seconds() / 60))
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    if minutes < 24 * 60:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    days = interval.days
    if days < 60:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if days < 730:
        return ngettext("%(n)d month", "%(n)d months", days // 30) % {"n": days // 30}
    return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}

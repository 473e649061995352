"""Name, mark and contact of the school: set by administrators, shown on every page and in every mail."""

from dataclasses import dataclass
from email.utils import formataddr
from threading import Lock

from cachetools import TTLCache, cached
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.urls import reverse

from learning.accounts.models import School

SECONDS = 5  # after which another process sees a change
_kept: TTLCache[tuple[()], "SchoolFacts"] = TTLCache(1, SECONDS)
_last: "SchoolFacts | None" = None


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    name: str
    mark_url: str
    sender: str
    time_zone: str
    contact: str

    @property
    def from_email(self) -> str:
        """The sender of mail: name and address."""
        return formataddr((self.name, self.sender)) if self.sender else settings.DEFAULT_FROM_EMAIL


@cached(_kept, lock=Lock())
def school() -> SchoolFacts:
    """Return the school's facts, cached in this process for some seconds; otherwise one query.

    While the database is away, return those that were read last, or the defaults: error pages show them too.
    """
    global _last  # noqa: PLW0603
    try:
        # not `School.load()`, which inserts a missing row: a GET changes nothing (promise 14)
        row = School.objects.first() or School()
    except (DatabaseError, InterfaceError):
        return _last or _facts(School())
    _last = _facts(row)
    return _last


def _facts(row: School) -> SchoolFacts:
    # part of the stored name: browsers cache the mark for a day, and ask again when this changes
    mark = reverse("school_mark") + f"?{str(row.mark.name)[-12:-5]}" if row.mark else ""
    return SchoolFacts(row.name or settings.WAGTAIL_SITE_NAME, mark, row.sender, row.time_zone, row.contact)


def clear_school_cache() -> None:
    global _last  # noqa: PLW0603
    _last = None
    _kept.clear()

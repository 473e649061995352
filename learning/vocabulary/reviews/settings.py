"""The settings of a learner's deck, and the learner's day."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.db import DEFAULT_DB_ALIAS

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.vocabulary.models import DeckSettings
from learning.vocabulary.rows import columns_of

_COLUMNS = columns_of(DeckSettings)
_rows = CompiledQuery(lambda owner: DeckSettings.objects.filter(owner=owner).order_by().values_list(*_COLUMNS))
DAY_STARTS = 4  # o'clock in the learner's zone: who learns after midnight still learns today


def deck_settings(owner: User) -> DeckSettings:
    """The stored settings of this person, or the defaults; not saved."""
    rows = _rows.rows(owner.pk)
    found = DeckSettings.from_db(DEFAULT_DB_ALIAS, _COLUMNS, rows[0]) if rows else DeckSettings(owner=owner)
    found.owner = owner  # it is here: nobody need ask for it
    return found


def zone_of(owner: User) -> ZoneInfo:
    try:
        return ZoneInfo(owner.time_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_day(at: datetime, zone: tzinfo) -> date:
    """The day of a learner in this zone in which a moment is: it ends at four o'clock of the next one."""
    return (at.astimezone(zone) - timedelta(hours=DAY_STARTS)).date()


def day_of(owner: User, now: datetime) -> tuple[datetime, datetime]:
    """The beginning and the end of the learner's day."""
    zone = zone_of(owner)
    today = local_day(now, zone)
    first, last = (
        datetime.combine(day, time(DAY_STARTS), zone).astimezone(UTC) for day in (today, today + timedelta(days=1))
    )
    return first, last

"""Jobs of the exchange. Each may run twice and takes effect once."""

from django.utils.translation import gettext_lazy as _

from learning.exchange import undoing
from learning.exchange.people import importing
from learning.jobs.registry import every_day, every_minutes, job


@job(_("Check an import"))
def check_import(run_id: int) -> int:
    return importing.check(run_id=run_id)


@job(_("Carry out an import"))
def apply_import(run_id: int) -> int:
    return importing.apply(run_id=run_id)


@job(_("End interrupted imports of courses"), tick=every_minutes(5, second=50))
def end_abandoned_imports() -> int:
    """Delete the courses whose import died, and publish those of which everything was stored."""
    return undoing.end_abandoned()


@job(_("Delete old imports with their files"), tick=every_day(hour=3, minute=31))
def forget_old_imports() -> int:
    return importing.forget_old_imports()

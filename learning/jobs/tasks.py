"""Jobs about jobs."""

from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from learning.jobs.registry import QUEUE, every_day, job


@job(_("Delete jobs that were done long ago"), tick=every_day(hour=3, minute=17))
def prune_jobs() -> None:
    call_command("prune_db_task_results", "--backend", QUEUE, "-v0")

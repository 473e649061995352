from datetime import datetime
from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler
from django.core.cache import cache
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from learning.jobs.recovery import requeue_failed, requeue_lost
from learning.jobs.registry import Job, ticking_jobs

RECOVERY = 10  # seconds between two searches for lost and failed jobs
REMEMBERED = 2 * 24 * 3600  # seconds; longer than the longest period of a tick


def enqueue_once(job: Job, now: datetime | None = None) -> None:
    """Put a job of the clock into the queue, once for each of its periods, however many clocks run."""
    if job.tick is None:
        raise ValueError(f"{job.task.module_path} has no tick.")
    # the scheduler's threads live for days: a connection that the database has closed must not be used again
    close_old_connections()
    key = f"tick:{job.task.module_path}:{(now or timezone.now()).strftime(job.tick.period)}"
    # while Redis is away `add` says True (config/cache.py): each clock queues the job, which takes effect once
    if cache.add(key, True, REMEMBERED):
        job.task.enqueue()
    close_old_connections()


def recover_jobs() -> None:
    """Recover lost jobs in the clock itself: as a job it could not run while there is no worker."""
    close_old_connections()
    try:
        requeue_lost()
        requeue_failed()
    finally:
        close_old_connections()


class Command(BaseCommand):
    help = "The clock of the school: puts jobs into the queue when they are due."

    def handle(self, *args: Any, **options: Any) -> None:
        scheduler = BlockingScheduler(timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": 60})
        for job in ticking_jobs():
            if job.tick is not None:
                scheduler.add_job(enqueue_once, "cron", args=[job], **job.tick.cron)
        scheduler.add_job(recover_jobs, "interval", seconds=RECOVERY)
        scheduler.start()

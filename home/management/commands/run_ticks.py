from typing import Any

from apscheduler.schedulers.blocking import BlockingScheduler
from django.core.cache import cache
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone
from django_tasks.base import Task

from chat.tasks import forget_old, mail_mentions
from home.jobs import give_back_lost, try_again
from home.tasks import publish_scheduled_pages, tidy_up
from learning.accounts.tasks import delete_due
from learning.enrollment.tasks import expire_ended
from learning.exchange.tasks import undo_abandoned_imports

LOOK = 10  # seconds


def tick(name: str, job: Task[Any, Any], per: str) -> None:
    """Put a job in the queue, once for each value of the time format `per`, whoever ticks."""
    close_old_connections()
    if cache.add(f"tick:{name}:{timezone.now().strftime(per)}", True, 3600):
        job.enqueue()
    close_old_connections()


def look_after_jobs() -> None:
    """The one thing the clock does itself: a job could not give lost jobs back when there is no worker."""
    close_old_connections()
    try:
        give_back_lost()
        try_again()
    finally:
        close_old_connections()


class Command(BaseCommand):
    help = "The clock of the school: enqueues what is due, and does nothing itself."

    def handle(self, *args: Any, **options: Any) -> None:
        scheduler = BlockingScheduler(timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": 60})
        scheduler.add_job(tick, "cron", args=["publish", publish_scheduled_pages, "%Y%m%d%H%M"], second=2)
        scheduler.add_job(tick, "cron", args=["expire", expire_ended, "%Y%m%d%H%M"], second=20)
        scheduler.add_job(tick, "cron", args=["mentions", mail_mentions, "%Y%m%d%H%M"], minute="*/5", second=40)
        scheduler.add_job(tick, "cron", args=["chat", forget_old, "%Y%m%d"], hour=3, minute=41)
        scheduler.add_job(tick, "cron", args=["delete", delete_due, "%Y%m%d%H"], minute=7)
        scheduler.add_job(tick, "cron", args=["imports", undo_abandoned_imports, "%Y%m%d%H%M"], minute="*/5", second=50)
        scheduler.add_job(look_after_jobs, "interval", seconds=LOOK)
        scheduler.add_job(tick, "cron", args=["tidy", tidy_up, "%Y%m%d"], hour=3, minute=17)
        scheduler.start()

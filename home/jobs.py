"""Jobs that outlive their worker: who is alive, what was lost with the dead, what is tried again.

A job is a row (django-tasks-db). A worker says every few seconds that it lives; the clock gives the
jobs of those that have fallen silent back to the queue, and tries failed ones again, later each
time, until `TRIES` have failed. Then it stays failed, and the CMS says so. Every job of ours may run
twice and takes effect once, which is what makes this safe.
"""

from datetime import timedelta
from threading import Event, Thread

from django.db import close_old_connections, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from home.models import WorkerBeat

BEAT = 5  # seconds between two signs of life
SILENT = 30  # seconds after which a worker counts as dead
TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)  # before the second try; four times as long before each next one
LOST = "home.jobs.WorkerLost"


def beat(worker_id: str) -> None:
    WorkerBeat.objects.update_or_create(worker_id=worker_id, defaults={"seen_at": timezone.now()})


class Heart(Thread):
    """Says in the background that this worker lives, until it is stopped."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(daemon=True, name="heart")
        self.worker_id = worker_id
        self.stopped = Event()

    def run(self) -> None:
        while not self.stopped.wait(BEAT):
            close_old_connections()
            try:
                beat(self.worker_id)
            except Exception:  # noqa: S112  (the database is away: the next beat tries again)
                continue
        close_old_connections()

    def stop(self) -> None:
        self.stopped.set()


@transaction.atomic
def give_back_lost() -> int:
    """Put the jobs of dead workers back into the queue, or fail them when they have killed too many.

    Returns how many were found.
    """
    now = timezone.now()
    alive = set(
        WorkerBeat.objects.filter(seen_at__gt=now - timedelta(seconds=SILENT)).values_list("worker_id", flat=True)
    )
    running = DBTaskResult.objects.select_for_update().filter(
        status=TaskResultStatus.RUNNING, started_at__lt=now - timedelta(seconds=SILENT)
    )
    found = 0
    for row in running:
        if row.worker_ids and row.worker_ids[-1] in alive:
            continue
        found += 1
        if len(row.worker_ids) >= TRIES:
            row.status, row.finished_at, row.exception_class_path = TaskResultStatus.FAILED, now, LOST
            row.traceback = "Its worker died each time."
        else:
            row.status = TaskResultStatus.READY
        row.save(update_fields=["status", "finished_at", "exception_class_path", "traceback"])
    WorkerBeat.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()
    return found


@transaction.atomic
def try_again() -> int:
    """Put failed jobs back whose pause is over and whose tries are not; returns how many."""
    now = timezone.now()
    failed = DBTaskResult.objects.select_for_update().filter(
        status=TaskResultStatus.FAILED, finished_at__gt=now - timedelta(days=1)
    )
    count = 0
    for row in failed:
        tries = len(row.worker_ids)
        pause = FIRST_PAUSE * 4 ** (tries - 1) if tries else FIRST_PAUSE
        if tries < TRIES and row.finished_at and row.finished_at + pause <= now:
            row.status = TaskResultStatus.READY
            row.save(update_fields=["status"])
            count += 1
    return count


@transaction.atomic
def retry(*, job_id: str) -> bool:
    """Someone wants a failed job tried once more, with all its tries anew; returns whether there is such a job."""
    row = DBTaskResult.objects.select_for_update().filter(pk=job_id, status=TaskResultStatus.FAILED).first()
    if row is None:
        return False
    row.status, row.worker_ids, row.run_after = TaskResultStatus.READY, [], timezone.now()
    row.save(update_fields=["status", "worker_ids", "run_after"])
    return True

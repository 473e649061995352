"""Recovery of jobs whose worker died, and of jobs that failed.

A job is a row (django-tasks-db). A worker records a heartbeat every few seconds; the clock puts the jobs of
workers without a recent heartbeat back into the queue, and failed jobs too, with a longer pause each time, until
`TRIES` have failed. Then the job stays failed, and the CMS shows it. This is safe because every job may run twice
and takes effect once.
"""

from datetime import timedelta
from threading import Event, Thread

from django.db import close_old_connections, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from learning.jobs.models import WorkerHeartbeat

HEARTBEAT = 5  # seconds between two heartbeats
# six heartbeats: a database that is away for a moment makes no worker dead
SILENT = 30  # seconds after which a worker counts as dead
# the pauses between them are 30 s, 2 min, 8 min and 32 min
TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)  # before the second try; four times as long before each next one
LOST = "learning.jobs.recovery.WorkerLost"  # shown as the class of the exception


def record_heartbeat(worker_id: str) -> None:
    WorkerHeartbeat.objects.update_or_create(worker_id=worker_id, defaults={"seen_at": timezone.now()})


class HeartbeatThread(Thread):
    """Records the heartbeats of a worker in the background, until it is stopped."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(daemon=True, name="heartbeat")
        self.worker_id = worker_id
        self.stopped = Event()

    def run(self) -> None:
        # wait(), not sleep(): the thread ends as soon as it is stopped
        while not self.stopped.wait(HEARTBEAT):
            # a connection that failed once is closed here, else no later heartbeat would succeed
            close_old_connections()
            try:
                record_heartbeat(self.worker_id)
            except Exception:  # noqa: S112  (the database is away: the next heartbeat tries again)
                continue
        close_old_connections()

    def stop(self) -> None:
        self.stopped.set()


@transaction.atomic
def requeue_lost() -> int:
    """Put the jobs of dead workers back into the queue, or fail them when too many workers died of them.

    Returns how many were found.
    """
    now = timezone.now()
    # read before the jobs: a worker that starts now has only jobs younger than SILENT, which are left out below
    alive = set(
        WorkerHeartbeat.objects.filter(seen_at__gt=now - timedelta(seconds=SILENT)).values_list("worker_id", flat=True)
    )
    # locked: two clocks must not requeue one job twice (on SQLite, transactions exclude each other)
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
    WorkerHeartbeat.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()
    return found


@transaction.atomic
def requeue_failed() -> int:
    """Put failed jobs back whose pause is over and which have tries left; returns how many."""
    now = timezone.now()
    # all pauses together take less than an hour: what failed a day ago stays failed until a person retries it
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
    """Put a failed job back on demand, with all its tries; returns whether there is such a job."""
    row = DBTaskResult.objects.select_for_update().filter(pk=job_id, status=TaskResultStatus.FAILED).first()
    if row is None:
        return False
    # the length of `worker_ids` is the number of tries
    row.status, row.worker_ids, row.run_after = TaskResultStatus.READY, [], timezone.now()
    row.save(update_fields=["status", "worker_ids", "run_after"])
    return True

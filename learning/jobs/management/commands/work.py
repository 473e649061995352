import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils.crypto import get_random_string
from django_tasks_db.management.commands import db_worker

from learning.jobs.recovery import HeartbeatThread, record_heartbeat, requeue_lost
from learning.jobs.registry import QUEUE

SERVICE = {
    "queue_name": "*",
    "backend_name": QUEUE,
    "interval": 1.0,
    "batch": False,
    "startup_delay": False,
    "reload": False,
    "max_tasks": None,
    "exclude_queues": "",
}

PAUSE = 2.0  # seconds between two tries while the database is away

log = logging.getLogger("parta.jobs")


class Command(db_worker.Command):
    help = "Take jobs from the queue and run them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="Do what there is to do, then end.")

    def handle(self, *, verbosity: int, batch: bool, **options: Any) -> None:  # type: ignore[override]
        while True:
            try:
                return self._work(batch)
            except (OperationalError, InterfaceError) as error:
                if batch:
                    raise
                log.warning("The database is away (%s); the worker tries again.", type(error).__name__)
                close_old_connections()
                time.sleep(PAUSE)

    def _work(self, batch: bool) -> None:
        """Run jobs until told to stop.

        Each start uses a new worker name, so that interrupted jobs belong to a dead worker.
        """
        worker_id = get_random_string(32)
        # before it takes a job: the job of a worker without a heartbeat counts as lost
        record_heartbeat(worker_id)
        # here too: a worker that starts recovers lost jobs even while no clock runs
        requeue_lost()
        heartbeats = HeartbeatThread(worker_id)
        heartbeats.start()
        try:
            super().handle(verbosity=0, worker_id=worker_id, **{**SERVICE, "batch": batch})
        finally:
            heartbeats.stop()

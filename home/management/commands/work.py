from argparse import ArgumentParser
from typing import Any

from django.utils.crypto import get_random_string
from django_tasks_db.management.commands import db_worker

from home.jobs import Heart, beat, give_back_lost

SERVICE = {
    "queue_name": "*",
    "backend_name": "queue",
    "interval": 1.0,
    "batch": False,
    "startup_delay": False,
    "reload": False,
    "max_tasks": None,
    "exclude_queues": "",
}


class Command(db_worker.Command):
    help = "Take jobs from the queue, and say that this worker lives."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", action="store_true", help="Do what there is to do, then end.")

    def handle(self, *, verbosity: int, batch: bool, **options: Any) -> None:  # type: ignore[override]
        worker_id = get_random_string(32)
        beat(worker_id)
        give_back_lost()
        heart = Heart(worker_id)
        heart.start()
        try:
            super().handle(verbosity=0, worker_id=worker_id, **{**SERVICE, "batch": batch})
        finally:
            heart.stop()

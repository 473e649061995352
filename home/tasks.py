"""Jobs of the school as a whole."""

from django.core.management import call_command
from django_tasks import task


@task(backend="queue")
def publish_scheduled_pages() -> None:
    """Publish and unpublish what editors have set a time for."""
    call_command("publish_scheduled", verbosity=0)


@task(backend="queue")
def tidy_up() -> None:
    """Forget sessions that have ended and jobs that were done long ago."""
    call_command("clearsessions")
    call_command("prune_db_task_results", "--backend", "queue", "-v0")

"""Jobs of the school as a whole."""

from django.core.management import call_command
from django_tasks import task

from learning.enrollment.models import Enrollment
from learning.enrollment.tasks import recount_progress
from learning.exchange.people import forget_old_imports


@task(backend="queue")
def publish_scheduled_pages() -> None:
    """Publish and unpublish what editors have set a time for."""
    call_command("publish_scheduled", verbosity=0)


@task(backend="queue")
def tidy_up() -> None:
    """Forget sessions that have ended, jobs and imports that were done long ago; count everyone's progress anew."""
    call_command("clearsessions")
    call_command("prune_db_task_results", "--backend", "queue", "-v0")
    forget_old_imports()
    for course_id in Enrollment.objects.order_by().values_list("course_id", flat=True).distinct():
        recount_progress.enqueue(course_id, complete_finished=True)

"""Background jobs about private lessons."""

from django.utils.translation import gettext_lazy as _

from learning.jobs.registry import every_day, job
from learning.tutoring.models import Project
from learning.tutoring.schedule import applying


@job(_("Make the next private lessons of a project"))
def go_on(project_id: int) -> int:
    return applying.go_on(project_id=project_id)


@job(_("Make the next private lessons of all projects"), tick=every_day(hour=2, minute=11))
def go_on_everywhere() -> int:
    """Queue a job for each active project with weekly rules: one that fails keeps no other back."""
    ids = Project.objects.scheduled().filter(rules__isnull=False).distinct().order_by().values_list("pk", flat=True)
    count = 0
    for project_id in ids:
        go_on.enqueue(project_id)
        count += 1
    return count

"""The one table of the job queue that is ours; jobs themselves are rows of django-tasks-db."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerHeartbeat(models.Model):
    """When a worker of the job queue was last known to be alive."""

    worker_id = models.CharField(max_length=64, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker")
        default_permissions = ()
        permissions: ClassVar = [("view_jobs", "Can see the jobs and run failed ones again")]

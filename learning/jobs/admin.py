"""The page “Jobs” of the CMS: running, waiting and failed jobs, with a button to retry."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from wagtail.admin.menu import MenuItem

from learning.base.menu import ScreenMenuItem
from learning.base.screens import header
from learning.jobs.models import WorkerHeartbeat
from learning.jobs.recovery import SILENT, TRIES, retry
from learning.jobs.registry import label_of, ticking_jobs

PER_PAGE = 50

LABELS = {
    TaskResultStatus.RUNNING: gettext_lazy("Running"),
    TaskResultStatus.READY: gettext_lazy("Waiting"),
    TaskResultStatus.FAILED: gettext_lazy("Failed"),
    TaskResultStatus.SUCCESSFUL: pgettext_lazy("job", "Done"),
}


def _went_well() -> Q:
    """Filter successful jobs of the clock; the page shows them in one line because there are many."""
    paths = [job.task.module_path for job in ticking_jobs()]
    return Q(task_path__in=paths, status=TaskResultStatus.SUCCESSFUL)


def _ticks() -> dict[str, Any]:
    """How many of the clock's jobs went well, and when the last one did."""
    return DBTaskResult.objects.filter(_went_well()).aggregate(count=Count("pk"), last=Max("finished_at"))


def _may_look(user: Any) -> bool:
    return user.has_perm("jobs.view_jobs")


def jobs(request: HttpRequest) -> HttpResponse:
    """Show the list of jobs. Their arguments are not shown: they may be somebody's mail."""
    if not _may_look(request.user):
        raise PermissionDenied
    if request.method == "POST":
        # parsed first: the query would raise an error for a text that is no UUID (promise 32)
        try:
            found = retry(job_id=str(UUID(request.POST.get("job", ""))))
        except ValueError:
            found = False
        if found:
            messages.success(request, _("The job is tried again."))
        else:
            messages.error(request, _("There is no such failed job."))
        return redirect("jobs")
    asked = request.GET.get("status", "")
    rows = DBTaskResult.objects.order_by("-enqueued_at").defer("args_kwargs", "return_value")
    if asked in TaskResultStatus.values:
        rows = rows.filter(status=asked)
    folded = request.GET.get("ticks") != "shown"
    if folded:
        rows = rows.exclude(_went_well())
    counts = dict(DBTaskResult.objects.order_by().values_list("status").annotate(n=Count("pk")))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    entries = [
        {
            "row": row,
            "name": label_of(row.task_path),
            "label": LABELS[TaskResultStatus(row.status)],
            "tries": len(row.worker_ids),
            "why": row.traceback.strip().rpartition("\n")[2][:300] if row.traceback else "",
        }
        for row in page
    ]
    alive = WorkerHeartbeat.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=SILENT)).count()
    context = {
        **header(_("Jobs"), icon="cogs"),
        "entries": entries,
        "page_obj": page,
        "asked": asked,
        "counts": [(status.value, label, counts.get(status.value, 0)) for status, label in LABELS.items()],
        "alive": alive,
        "folded": folded,
        "ticks": _ticks(),
        "most": TRIES,
    }
    return render(request, "jobs/cms/jobs.html", context)


addresses = [path("jobs/", jobs, name="jobs")]


def menu_item() -> MenuItem:
    return ScreenMenuItem(
        gettext_lazy("Jobs"), reverse_lazy("jobs"), shown_to=_may_look, name="jobs", icon_name="cogs", order=50
    )

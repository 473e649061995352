"""The page “Jobs” of the CMS: what runs, waits and has failed, with a second chance."""

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

from home.jobs import SILENT, TRIES, retry
from home.models import WorkerBeat
from learning.accounts.screens import header
from learning.base.menu import ScreenMenuItem

PER_PAGE = 50

LABELS = {
    TaskResultStatus.RUNNING: gettext_lazy("Running"),
    TaskResultStatus.READY: gettext_lazy("Waiting"),
    TaskResultStatus.FAILED: gettext_lazy("Failed"),
    TaskResultStatus.SUCCESSFUL: pgettext_lazy("job", "Done"),
}
NAMES = {
    "deliver": gettext_lazy("Send a mail"),
    "delete_due": gettext_lazy("Delete people whose 14 days are over"),
    "mail_changes": gettext_lazy("Write about changes of status"),
    "mail_invitations": gettext_lazy("Write invitations"),
    "send_letter": gettext_lazy("Send a letter to students"),
    "recount_progress": gettext_lazy("Count progress anew"),
    "expire_ended": gettext_lazy("End enrolments of courses that are over"),
    "undo_abandoned_imports": gettext_lazy("Take away courses whose import has died"),
    "mail_mentions": gettext_lazy("Mail about mentions in chats"),
    "forget_old": gettext_lazy("Forget old messages of chats"),
    "check_import": gettext_lazy("Check an import"),
    "apply_import": gettext_lazy("Carry out an import"),
    "publish_scheduled_pages": gettext_lazy("Publish scheduled pages"),
    "tidy_up": gettext_lazy("Tidy up"),
}

# Jobs that the clock enqueues every few minutes: those that went well are told of in one line.
TICKS = ("publish_scheduled_pages", "expire_ended", "mail_mentions", "undo_abandoned_imports", "delete_due")


def _went_well() -> Q:
    paths = Q(pk__in=[])
    for name in TICKS:
        paths |= Q(task_path__endswith=f".{name}")
    return paths & Q(status=TaskResultStatus.SUCCESSFUL)


def _ticks() -> dict[str, Any]:
    """How many of the clock's jobs went well, and when the last one did."""
    return DBTaskResult.objects.filter(_went_well()).aggregate(count=Count("pk"), last=Max("finished_at"))


def _may_look(user: Any) -> bool:
    return user.has_perm("accounts.view_auditentry")


def jobs(request: HttpRequest) -> HttpResponse:
    """A list of jobs. What they were given is not shown: it may be somebody's mail."""
    if not _may_look(request.user):
        raise PermissionDenied
    if request.method == "POST":
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
            "name": NAMES.get(row.task_path.rpartition(".")[2], row.task_path),
            "label": LABELS[TaskResultStatus(row.status)],
            "tries": len(row.worker_ids),
            "why": row.traceback.strip().rpartition("\n")[2][:300] if row.traceback else "",
        }
        for row in page
    ]
    alive = WorkerBeat.objects.filter(seen_at__gt=timezone.now() - timedelta(seconds=SILENT)).count()
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
    return render(request, "home/cms/jobs.html", context)


addresses = [path("jobs/", jobs, name="jobs")]


def menu_item() -> MenuItem:
    return ScreenMenuItem(
        gettext_lazy("Jobs"), reverse_lazy("jobs"), shown_to=_may_look, name="jobs", icon_name="cogs", order=50
    )

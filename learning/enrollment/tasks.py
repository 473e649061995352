"""Jobs about enrolments that other code queues. Those of the clock are in `ticks`."""

from django.utils.translation import gettext_lazy as _

from learning.enrollment import counting, mail
from learning.jobs.registry import job


@job(_("Write about changes of status"))
def mail_changes(ids: list[int]) -> int:
    return mail.send_changes(ids)


@job(_("Write invitations"))
def mail_invitations(ids: list[int]) -> int:
    return mail.send_invitations(ids)


@job(_("Recount progress"))
def recount_progress(course_id: int) -> int:
    return counting.recount_progress(course_id)

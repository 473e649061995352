"""Jobs about enrolments. Each may run twice and takes effect once."""

from django.utils.translation import gettext_lazy as _

from learning.enrollment import actions, notices, progress
from learning.enrollment.models import Enrollment
from learning.jobs.registry import every_day, every_minute, job


@job(_("End enrolments of courses that are over"), tick=every_minute(second=20))
def expire_ended() -> int:
    return actions.expire_ended()


@job(_("Write about changes of status"))
def mail_changes(ids: list[int]) -> int:
    return notices.send_changes(ids)


@job(_("Write invitations"))
def mail_invitations(ids: list[int]) -> int:
    return notices.send_invitations(ids)


@job(_("Count progress anew"))
def recount_progress(course_id: int, complete_finished: bool = False) -> int:
    return progress.recount_progress(course_id, complete_finished=complete_finished)


@job(_("Count everyone's progress anew"), tick=every_day(hour=3, minute=21))
def recount_every_course() -> None:
    """Put right what a lost job or a change of content has left behind: one job for each course."""
    for course_id in Enrollment.objects.order_by().values_list("course_id", flat=True).distinct():
        recount_progress.enqueue(course_id, complete_finished=True)

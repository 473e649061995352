"""Jobs about enrolments that the clock queues."""

from django.utils.translation import gettext_lazy as _

from learning.enrollment import actions, progress
from learning.enrollment.models import Enrollment
from learning.enrollment.tasks import recount_progress
from learning.jobs.registry import every_day, every_minute, job


@job(_("End enrolments of courses that are over"), tick=every_minute(second=20))
def expire_ended() -> int:
    return actions.expire_ended()


@job(_("Recount everyone's progress"), tick=every_day(hour=3, minute=21))
def recount_every_course() -> None:
    """Correct stored progress and complete courses, after lost jobs or changed content: two jobs for each course."""
    # `order_by()`: the default order would become a column of DISTINCT, and queue jobs for each enrolment
    for course_id in Enrollment.objects.order_by().values_list("course_id", flat=True).distinct():
        recount_progress.enqueue(course_id)
        complete_finished.enqueue(course_id)


@job(_("Complete courses in which nothing is left to do"))
def complete_finished(course_id: int) -> int:
    return progress.complete_finished(course_id)

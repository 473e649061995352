"""Jobs about enrolments."""

from django_tasks import task

from learning.enrollment import actions


@task(backend="queue")
def expire_ended() -> int:
    return actions.expire_ended()

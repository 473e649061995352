"""Jobs about enrolments. Each may run twice and takes effect once."""

from django_tasks import task

from learning.enrollment import actions, letters, notices, progress


@task(backend="queue")
def expire_ended() -> int:
    return actions.expire_ended()


@task(backend="queue")
def mail_changes(ids: list[int]) -> int:
    return notices.send_changes(ids)


@task(backend="queue")
def mail_invitations(ids: list[int]) -> int:
    return notices.send_invitations(ids)


@task(backend="queue")
def recount_progress(course_id: int, complete_finished: bool = False) -> int:
    return progress.recount_progress(course_id, complete_finished=complete_finished)


@task(backend="queue")
def send_letter(letter_id: int) -> int:
    return letters.send_copies(letter_id)

"""Queues the jobs that mail people about enrolments; `learning.enrollment.mail` writes the mail."""

from collections.abc import Sequence

from learning.enrollment.models import Invitation, StatusChange
from learning.enrollment.tasks import mail_changes, mail_invitations

MAIL_BATCH_SIZE = 200  # a job locks its rows until all its mail is queued


def queue_change_mail(changes: Sequence[StatusChange]) -> None:
    """Queue the mail about these changes, one job for each `MAIL_BATCH_SIZE` of them, in the current transaction."""
    ids = [change.pk for change in changes]
    for start in range(0, len(ids), MAIL_BATCH_SIZE):
        mail_changes.enqueue(ids[start : start + MAIL_BATCH_SIZE])


def queue_invitation_mail(invitations: Sequence[Invitation]) -> None:
    """Queue the mail of these invitations, in the current transaction."""
    ids = [invitation.pk for invitation in invitations]
    for start in range(0, len(ids), MAIL_BATCH_SIZE):
        mail_invitations.enqueue(ids[start : start + MAIL_BATCH_SIZE])

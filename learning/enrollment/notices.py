"""Queues the jobs that mail people about enrolments; `learning.enrollment.mail` writes the mail."""

from collections.abc import Sequence

from learning.enrollment.models import Invitation, StatusChange
from learning.enrollment.tasks import mail_changes, mail_invitations

MAILED_AT_ONCE = 200  # a job locks its rows until all its mail is queued


def tell_of_changes(changes: Sequence[StatusChange]) -> None:
    """Queue the mail about these changes, one job for each `MAILED_AT_ONCE` of them, in the current transaction."""
    ids = [change.pk for change in changes]
    for start in range(0, len(ids), MAILED_AT_ONCE):
        mail_changes.enqueue(ids[start : start + MAILED_AT_ONCE])


def tell_of_invitations(invitations: Sequence[Invitation]) -> None:
    """Queue the mail of these invitations, in the current transaction."""
    ids = [invitation.pk for invitation in invitations]
    for start in range(0, len(ids), MAILED_AT_ONCE):
        mail_invitations.enqueue(ids[start : start + MAILED_AT_ONCE])

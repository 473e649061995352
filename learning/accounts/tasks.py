"""Jobs about people."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from learning.accounts import actions
from learning.jobs.registry import every_day, every_hour, job


@job(_("Send a mail"))
def deliver(*, subject: str, body: str, html: str, sender: str, recipients: list[str], headers: dict[str, str]) -> None:
    """Send one message by the real mail back end; an error is stored with the job."""
    message = EmailMultiAlternatives(
        subject,
        body,
        sender,
        recipients,
        headers=headers,
        # not the default back end, which would put the message into the queue again
        connection=get_connection(settings.MAIL_TRANSPORT),
    )
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


@job(_("Delete people whose 14 days are over"), tick=every_hour(minute=7))
def delete_due() -> int:
    """Anonymise those whose days to cancel are over."""
    return actions.delete_due()


@job(_("Delete sessions that have ended"), tick=every_day(hour=3, minute=11))
def clear_sessions() -> None:
    call_command("clearsessions")

"""Jobs about people."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django_tasks import task

from learning.accounts import actions


@task(backend="queue")
def deliver(*, subject: str, body: str, html: str, sender: str, recipients: list[str], headers: dict[str, str]) -> None:
    """Hand one message to the real mail back end; a failure is kept with the job."""
    message = EmailMultiAlternatives(
        subject,
        body,
        sender,
        recipients,
        headers=headers,
        connection=get_connection(settings.MAIL_TRANSPORT),
    )
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


@task(backend="queue")
def delete_due() -> int:
    """Anonymise those whose days to cancel are over."""
    return actions.delete_due()

"""The mail back end of the project: a message is a job of the queue, sent by the worker.

A page never waits for a mail server, an answer's timing does not tell whether mail was sent
(promise 9), and a message written in a transaction that fails is never sent.
"""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from learning.accounts.school import school
from learning.accounts.tasks import deliver


class QueuedEmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            html = ""
            if isinstance(message, EmailMultiAlternatives):
                html = next((str(a[0]) for a in message.alternatives if a[1] == "text/html"), "")
            # arguments of a job are JSON: text and HTML, no attachments (no mail of ours has any)
            deliver.enqueue(
                subject=str(message.subject),
                body=str(message.body),
                html=html,
                sender=school().from_email if message.from_email == settings.DEFAULT_FROM_EMAIL else message.from_email,
                recipients=list(message.recipients()),
                headers=dict(message.extra_headers),
            )
        return len(email_messages)

"""Mail and ticks go through the queue: rows of the same transaction, taken by the worker."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import send_mail
from django.core.management import call_command
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from home.management.commands.run_ticks import tick
from home.tasks import publish_scheduled_pages, tidy_up
from learning.enrollment.tasks import expire_ended

QUEUE = {
    "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"},
    "queue": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]},
}


@pytest.fixture
def queue(real_db: None, settings: Any) -> None:
    settings.TASKS = QUEUE
    settings.EMAIL_BACKEND = "learning.accounts.mail.QueuedEmailBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"


def work() -> None:
    call_command("db_worker", "--backend", "queue", "--batch", "--no-startup-delay", "--interval", "0", "-v0")


@pytest.mark.usefixtures("queue")
def test_mail_waits_for_the_worker() -> None:
    send_mail("Hello", "Words", None, ["a@example.org"], html_message="<p>Words</p>")
    assert mail.outbox == []
    work()
    assert [(m.subject, m.to) for m in mail.outbox] == [("Hello", ["a@example.org"])]
    assert mail.outbox[0].alternatives[0][0] == "<p>Words</p>"


@pytest.mark.usefixtures("queue")
def test_mail_of_a_failed_transaction_is_never_sent() -> None:
    with transaction.atomic():
        send_mail("Hello", "Words", None, ["a@example.org"])
        transaction.set_rollback(True)
    work()
    assert mail.outbox == []


@pytest.mark.usefixtures("queue")
def test_two_clocks_do_no_harm() -> None:
    for job, name in ((publish_scheduled_pages, "publish"), (expire_ended, "expire"), (tidy_up, "tidy")):
        tick(name, job, "%Y%m%d")
        tick(name, job, "%Y%m%d")
    assert DBTaskResult.objects.count() == 3
    work()
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}

"""Mail and ticks go through the queue: rows of the same transaction, taken by the worker."""

from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from apscheduler.triggers.cron import CronTrigger
from django.apps import apps
from django.core import mail
from django.core.mail import send_mail
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult

from learning.courses.tasks import publish_scheduled_pages
from learning.enrollment.ticks import expire_ended
from learning.jobs.management.commands.run_ticks import enqueue_once
from learning.jobs.models import WorkerHeartbeat
from learning.jobs.recovery import FIRST_PAUSE, LOST, TRIES, record_heartbeat, requeue_failed, requeue_lost, retry
from learning.jobs.registry import label_of, ticking_jobs
from tests.conftest import make_people

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
    call_command("work", "--batch")


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
    jobs = ticking_jobs()
    for job in [*jobs, *jobs]:
        enqueue_once(job)
    queued = sorted(DBTaskResult.objects.values_list("task_path", flat=True))
    assert queued == sorted(job.task.module_path for job in jobs)
    work()
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


@pytest.mark.usefixtures("queue")
def test_the_next_period_queues_a_job_again() -> None:
    job = next(job for job in ticking_jobs() if job.task is expire_ended)
    started = timezone.now()
    for seconds, count in ((0, 1), (0, 1), (60, 2), (60, 2), (120, 3)):
        enqueue_once(job, now=started + timedelta(seconds=seconds))
        assert DBTaskResult.objects.count() == count


def test_every_tick_is_one_that_the_clock_understands() -> None:
    paths = {job.task.module_path for job in ticking_jobs()}
    assert paths >= {"learning.courses.tasks.publish_scheduled_pages", "chat.tasks.mail_mentions"}
    for job in ticking_jobs():
        assert job.tick is not None
        trigger = CronTrigger(**job.tick.cron, timezone="UTC")
        now = timezone.now()
        first = trigger.get_next_fire_time(None, now)
        second = trigger.get_next_fire_time(first, first + timedelta(seconds=1))
        # one job for each time that the clock fires: its period tells two times apart
        assert first.strftime(job.tick.period) != second.strftime(job.tick.period)


@pytest.mark.usefixtures("queue")
def test_job_of_a_dead_worker_runs_again_and_not_of_a_living_one() -> None:
    send_mail("Hello", "Words", None, ["a@example.org"])
    long_ago = timezone.now() - timedelta(minutes=5)
    row = DBTaskResult.objects.get()
    row.claim("dead")
    DBTaskResult.objects.update(started_at=long_ago)
    record_heartbeat("dead")
    assert requeue_lost() == 0
    WorkerHeartbeat.objects.update(seen_at=long_ago)
    assert requeue_lost() == 1
    work()
    assert [m.subject for m in mail.outbox] == ["Hello"]
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


@pytest.mark.usefixtures("queue")
def test_job_that_kills_its_workers_stops_after_some_tries() -> None:
    send_mail("Hello", "Words", None, ["a@example.org"])
    long_ago = timezone.now() - timedelta(minutes=5)
    for number in range(TRIES):
        DBTaskResult.objects.get().claim(f"dead{number}")
        DBTaskResult.objects.update(started_at=long_ago)
        assert requeue_lost() == 1
    row = DBTaskResult.objects.get()
    assert (row.status, row.exception_class_path) == ("FAILED", LOST)


@pytest.mark.usefixtures("queue")
def test_failed_job_is_tried_again_later_and_later(settings: Any) -> None:
    settings.MAIL_TRANSPORT = "nowhere.Backend"
    send_mail("Hello", "Words", None, ["a@example.org"])
    work()
    assert DBTaskResult.objects.get().status == "FAILED"
    assert requeue_failed() == 0
    tries = 1
    while True:
        DBTaskResult.objects.update(finished_at=timezone.now() - FIRST_PAUSE * 4 ** (tries - 1))
        if not requeue_failed():
            break
        work()
        tries += 1
    assert tries == TRIES
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    assert retry(job_id=str(DBTaskResult.objects.get().pk))
    work()
    assert [m.subject for m in mail.outbox] == ["Hello"]


def test_every_job_of_ours_is_declared_with_words_for_people() -> None:
    found = [
        value
        for app in apps.get_app_configs()
        for module in ("tasks", "ticks")
        if app.name.startswith(("learning.", "chat", "home")) and find_spec(f"{app.name}.{module}")
        for value in vars(import_module(f"{app.name}.{module}")).values()
        if isinstance(value, Task)
    ]
    assert len(found) > 15
    for task in found:
        assert str(label_of(task.module_path)) != task.module_path


@pytest.mark.usefixtures("queue")
def test_what_the_clock_does_every_minute_is_one_line(visit: Any) -> None:
    people = make_people()
    for _ in range(30):
        publish_scheduled_pages.enqueue()
    send_mail("Hello", "Words", None, ["a@example.org"])
    work()
    client = visit(people.admin)
    folded = client.get("/cms/jobs/").content.decode()
    assert "Publish scheduled pages" not in folded
    assert "30 jobs of the clock went well" in folded
    assert "Send a mail" in folded
    shown = client.get("/cms/jobs/?ticks=shown").content.decode()
    assert shown.count("Publish scheduled pages") == 30
    DBTaskResult.objects.filter(task_path__endswith="publish_scheduled_pages").update(status="FAILED")
    assert client.get("/cms/jobs/").content.decode().count("Publish scheduled pages") == 30


@pytest.mark.usefixtures("queue")
def test_page_of_jobs_shows_and_retries(visit: Any, settings: Any) -> None:
    people = make_people()
    settings.MAIL_TRANSPORT = "nowhere.Backend"
    send_mail("Secret subject", "Words", None, ["a@example.org"])
    work()
    client = visit(people.admin)
    body = client.get("/cms/jobs/?status=FAILED").content.decode()
    assert "Send a mail" in body
    assert "nowhere" in body
    assert "Secret subject" not in body
    assert "No worker is at work" not in body
    job = DBTaskResult.objects.get()
    for wrong in ("", "x", "00000000-0000-0000-0000-000000000000"):
        assert client.post("/cms/jobs/", {"job": wrong}).status_code == 302
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    client.post("/cms/jobs/", {"job": str(job.pk)})
    work()
    assert len(mail.outbox) == 1
    for who in (people.teacher, people.editor):
        assert visit(who).get("/cms/jobs/").status_code == 302

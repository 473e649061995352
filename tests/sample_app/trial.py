"""Run with the settings of the sample app: every screen that shows what apps register shows what it has brought."""

from django.apps import apps
from django.contrib.auth.models import Group
from django.test import Client
from django_tasks_db.models import DBTaskResult

from learning.accounts.actions import anonymise, create_token, record
from learning.accounts.models import User
from learning.accounts.roles import Role, apply_roles
from learning.base.demo import DemoSchool, demo_parts
from learning.jobs.management.commands.run_ticks import enqueue_once
from learning.jobs.registry import ticking_jobs
from tests.sample_app import deeds
from tests.sample_app.models import Wish
from tests.sample_app.scopes import WISH
from tests.school import PASSWORD, person


def page_of(user: User, path: str) -> str:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})  # as is asked before tokens are shown
    answer = client.get(path, follow=True)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def run() -> None:
    apply_roles(apps)
    admin, moderator, editor = (
        person(role.lower(), role) for role in (Role.ADMINISTRATOR, Role.MODERATOR, Role.EDITOR)
    )
    assert moderator.has_perm("sample.grant_wishes")
    assert not editor.has_perm("sample.grant_wishes")
    assert "Grant wishes" in page_of(admin, "/cms/rights/")
    assert "/cms/wishes/" in page_of(moderator, "/cms/")
    assert "/cms/wishes/" not in page_of(editor, "/cms/")

    record(deeds.WISH, actor=admin, facts={"did": "granted", "count": 3})
    assert "Granted; 3 wishes" in page_of(admin, "/cms/audit/")

    create_token(user=editor, name="lamp", scopes=[WISH.code])
    assert "Read my wishes" in page_of(editor, "/me/tokens/")

    Wish.objects.create(person=editor, text="A quiet room")
    assert "A quiet room" in page_of(editor, "/me/data/read/")
    anonymise(person=editor)
    assert not Wish.objects.exists()

    for part in demo_parts():
        if part.name == "wishes":
            part.add(DemoSchool({moderator.email: moderator}, {}, {}))
    assert Wish.objects.get().person == moderator

    enqueue_once(next(job for job in ticking_jobs() if job.label == "Grant wishes"))
    assert DBTaskResult.objects.filter(task_path="tests.sample_app.tasks.grant").exists()
    assert "Grant wishes" in page_of(admin, "/cms/jobs/?ticks=shown")
    assert Group.objects.get(name=Role.ADMINISTRATOR).permissions.filter(codename="grant_wishes").exists()
    print("every part of the sample app was found")

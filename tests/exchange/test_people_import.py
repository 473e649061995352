"""Importing people: the dry run, the real one, twice, and killed in the middle."""

import io
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from openpyxl import Workbook

from learning.accounts.models import AuditEntry, User
from learning.base.sheet_rows import read_rows
from learning.enrollment.actions import change_status
from learning.enrollment.models import Enrollment, Invitation, StatusChange, StudyGroup
from learning.enrollment.statuses import Status
from learning.exchange import deeds
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people import importing
from learning.jobs.models import WorkerHeartbeat
from tests import school
from tests.conftest import make_people
from tests.jobs.test_jobs import QUEUE

PAGE = "/cms/import/"


def upload(client: Any, content: bytes | str, name: str = "people.csv", course: Any = None) -> Any:
    data = content.encode() if isinstance(content, str) else content
    form = {"file": SimpleUploadedFile(name, data), "course": course.pk if course else ""}
    return client.post(PAGE, form)


def checked(client: Any, content: bytes | str, name: str = "people.csv", course: Any = None) -> ImportRun:
    """Upload, take the guessed columns, check."""
    answer = upload(client, content, name, course)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    run = ImportRun.objects.latest("pk")
    columns = {what: str(place) for what, place in run.columns.items()}
    assert client.post(f"{PAGE}{run.pk}/columns/", columns).status_code == 302
    run.refresh_from_db()
    return run


def outcomes(run: ImportRun) -> dict[str, str]:
    return dict(ImportRow.objects.filter(run=run).values_list("email", "outcome"))


def test_dry_run_says_what_would_become_of_each_row(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    paused = school.enrolled(small.classmate, small.course)
    change_status(enrollment=paused, after=Status.PAUSED, actor=small.admin)
    table = (
        "E-mail;Name;Course;Study group;Reason\n"
        "student@example.org;S;botany;Autumn;\n"
        "STRANGER@example.org;X;Botany;;Asked by phone\n"
        f"classmate@example.org;;{small.course.pk};;\n"
        "unknown@example.org;Uma;Botany;Autumn;\n"
        "unknown@example.org;Uma;Botany;;\n"
        "not an address;;Botany;;\n"
        "editor@example.org;;No such course;;\n"
        "moderator@example.org;;Botany;No such group;\n"
        ";;;;\n"
    )
    before = list(Enrollment.objects.order_by("pk").values())
    client = visit(small.admin)
    run = checked(client, table)
    assert (run.state, run.total) == (ImportRun.State.CHECKED, 8)
    said = list(ImportRow.objects.filter(run=run).values_list("number", "outcome"))
    assert said == [
        (2, "change"),
        (3, "create"),
        (4, "change"),
        (5, "create"),
        (6, "skip"),
        (7, "wrong"),
        (8, "wrong"),
        (9, "wrong"),
    ]
    assert list(Enrollment.objects.order_by("pk").values()) == before
    assert not Invitation.objects.exists()
    body = client.get(f"{PAGE}{run.pk}/").content.decode()
    assert "Carry out 4 rows" in body
    assert "no study group “No such group”" in body
    assert "unknown@example.org" in client.get(f"{PAGE}{run.pk}/?outcome=create").content.decode()
    assert client.post(f"{PAGE}{run.pk}/start/").status_code == 302
    run.refresh_from_db()
    assert run.state == ImportRun.State.DONE
    assert school.fresh(small.enrollment).group == group
    assert school.fresh(paused).status == Status.ACTIVE
    assert Enrollment.objects.get(user=small.stranger).history.get().reason == "Asked by phone"
    guest = Invitation.objects.get()
    assert (guest.email, guest.name, guest.group, guest.enrols) == ("unknown@example.org", "Uma", group, True)
    assert AuditEntry.objects.filter(deed=deeds.IMPORT, actor=small.admin).count() == 1


def test_same_file_twice_changes_nothing(small: SimpleNamespace, visit: Any) -> None:
    table = "email,course\nstranger@example.org,botany\nguest@example.org,botany\n"
    client = visit(small.teacher)
    client.post(f"{PAGE}{checked(client, table).pk}/start/")
    mail.outbox.clear()
    facts = [list(model.objects.order_by("pk").values()) for model in (Enrollment, Invitation, StatusChange)]
    again = checked(client, table)
    assert set(outcomes(again).values()) == {"skip"}
    assert "nothing to carry out" in client.get(f"{PAGE}{again.pk}/").content.decode()
    client.post(f"{PAGE}{again.pk}/start/")
    assert [list(model.objects.order_by("pk").values()) for model in (Enrollment, Invitation, StatusChange)] == facts
    assert mail.outbox == []
    client.post(f"{PAGE}{again.pk}/start/")
    assert [list(model.objects.order_by("pk").values()) for model in (Enrollment, Invitation, StatusChange)] == facts


def test_unknown_address_is_enrolled_when_it_signs_up(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    client = visit(small.admin)
    mail.outbox.clear()
    run = checked(client, "email,course,group,name\nnew@example.org,botany,Autumn,Nina\n")
    client.post(f"{PAGE}{run.pk}/start/")
    assert [message.to for message in mail.outbox] == [["new@example.org"]]
    assert "/accounts/signup/" in mail.outbox[0].body
    visitor = visit()
    form = {
        "email": "New@example.org",
        "display_name": "Nina",
        "password1": school.PASSWORD,
        "password2": school.PASSWORD,
    }
    visitor.post("/accounts/signup/", form)
    assert not Enrollment.objects.filter(user__email="new@example.org").exists()
    link = next(word for word in mail.outbox[-1].body.split() if "/confirm-email/" in word)
    visitor.post(link.removeprefix("http://localhost:8000"))
    enrollment = Enrollment.objects.get(user__email="new@example.org")
    assert (enrollment.status, enrollment.group) == (Status.ACTIVE, group)


def test_seats_are_counted_in_the_dry_run_and_kept_in_the_real_one(small: SimpleNamespace, visit: Any) -> None:
    course = school.course("Tight", capacity=2)
    rows = [school.person() for _ in range(4)]
    client = visit(small.admin)
    run = checked(client, "email\n" + "\n".join(who.email for who in rows), course=course)
    assert sorted(outcomes(run).values()) == ["create", "create", "wrong", "wrong"]
    school.enrolled(small.stranger, course)
    client.post(f"{PAGE}{run.pk}/start/")
    assert sorted(outcomes(run).values()) == ["create", "wrong", "wrong", "wrong"]
    assert Enrollment.objects.filter(course=course).count() == 2


def test_the_dry_run_of_a_full_course_promises_no_seat_to_who_is_invited(small: SimpleNamespace, visit: Any) -> None:
    course = school.course("Tight", capacity=1)
    client = visit(small.admin)
    addresses = "email\none@example.org\ntwo@example.org\n"

    def said(run: ImportRun) -> list[str]:
        return list(ImportRow.objects.filter(run=run).order_by("number").values_list("said", flat=True))

    first, second = said(checked(client, addresses, course=course))
    assert "if a seat is free then" in first
    assert "The course is full" in second
    mixed = checked(client, f"{addresses}{small.stranger.email}\n", course=course)
    assert outcomes(mixed)[small.stranger.email] == "create"  # an invitation has not taken the seat
    school.enrolled(small.stranger, course)
    assert all("The course is full" in words for words in said(checked(client, addresses, course=course)))
    unlimited = said(checked(client, addresses, course=small.course))
    assert all(words == "Unknown here: gets an invitation and is enrolled at sign-up." for words in unlimited)


def test_teacher_imports_into_own_courses_only(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.other_teacher)
    run = checked(client, "email,course\nstranger@example.org,botany\nstranger@example.org,zoology\n")
    assert list(ImportRow.objects.filter(run=run).values_list("outcome", flat=True)) == ["wrong", "create"]
    assert upload(client, "email\nx@example.org\n", course=small.course).status_code == 422
    assert visit(small.teacher).get(f"{PAGE}{run.pk}/").status_code == 404
    for who in (small.editor, small.student):
        assert visit(who).get(PAGE).status_code == 302


def xlsx(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_xlsx_and_other_encodings_are_read(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    run = checked(client, xlsx(["Почта", "Курс"], ["stranger@example.org", small.course.pk], [None, None]), "p.xlsx")
    assert outcomes(run) == {"stranger@example.org": "create"}
    table = "Почта;Курс\nstranger@example.org;botany\n".encode("cp1251")
    assert outcomes(checked(client, table)) == {"stranger@example.org": "create"}
    table = "\ufeffemail\tcourse\nstranger@example.org\tbotany\n".encode()
    assert outcomes(checked(client, table)) == {"stranger@example.org": "create"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("people.csv", b""),
        ("people.csv", b"email\n"),
        ("people.csv", b"\x00\x01\x02\x03"),
        ("people.txt", b"email\na@example.org"),
        ("people.xlsx", b"not a workbook"),
        ("people.xlsx", b"PK\x03\x04 broken"),
        ("people.exe", b"MZ"),
    ],
)
def test_bad_files_are_refused_with_a_reason(small: SimpleNamespace, visit: Any, name: str, content: bytes) -> None:
    answer = upload(visit(small.admin), content, name)
    assert answer.status_code == 422
    assert not ImportRun.objects.exists()


def test_column_of_addresses_must_be_chosen(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    upload(client, "first,second\na@example.org,b\n", course=small.course)
    run = ImportRun.objects.get()
    assert run.columns == {}
    assert client.post(f"{PAGE}{run.pk}/columns/", {"email": ""}).status_code == 422
    assert client.post(f"{PAGE}{run.pk}/columns/", {"email": "77"}).status_code == 422
    assert client.post(f"{PAGE}{run.pk}/columns/", {"email": "0"}).status_code == 302
    assert outcomes(run) == {"a@example.org": "create"}


def worker(*args: str) -> subprocess.Popen[bytes]:
    """A real worker process on the database of this test."""
    name = str(connection.settings_dict["NAME"])
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": f"{settings.BASE_DIR}/site"}
    env |= {"EMAIL_URL": "dummymail://", "PARTA_DATA": str(Path(settings.MEDIA_ROOT).parent)}
    if connection.vendor == "sqlite":
        env["DATABASE_URL"] = f"sqlite:///{name}"
    else:
        env["DATABASE_URL"] = re.sub(r"/[^/]*$", f"/{name}", os.environ["DATABASE_URL"])
    return subprocess.Popen([sys.executable, "manage.py", "work", *args], cwd=settings.BASE_DIR, env=env)


@pytest.mark.slow
@pytest.mark.usefixtures("real_db")
def test_import_killed_with_9_goes_on_with_no_row_twice_and_none_lost(
    visit: Any, settings: Any, tmp_path: Path
) -> None:
    settings.TASKS = QUEUE
    settings.MEDIA_ROOT = tmp_path / "media"
    count = 800
    people = make_people()
    course = school.course("Botany", team=(people.teacher,))
    known = User.objects.bulk_create(
        User(email=f"known{n}@example.org", display_name=f"Known {n}", password="!") for n in range(count // 2)
    )
    addresses = [who.email for who in known] + [f"guest{n}@example.org" for n in range(count // 2)]
    client = visit(people.admin)
    upload(client, "email\n" + "\n".join(addresses), course=course)
    run = ImportRun.objects.get()
    importing_now = {ImportRun.State.CHECKING: "checking", ImportRun.State.APPLYING: "applying"}
    client.post(f"{PAGE}{run.pk}/columns/", {"email": "0"})
    killed = []
    for state in importing_now:
        if state == ImportRun.State.APPLYING:
            assert client.post(f"{PAGE}{run.pk}/start/").status_code == 302
        process = worker()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            run.refresh_from_db()
            if run.state != state or run.position > 0:
                break
            time.sleep(0.01)
        process.kill()
        process.wait()
        run.refresh_from_db()
        killed.append((run.state, run.position))
        # time passes, and the next worker finds the job of the dead one
        long_ago = timezone.now() - timedelta(minutes=5)
        WorkerHeartbeat.objects.update(seen_at=long_ago)
        DBTaskResult.objects.filter(status="RUNNING").update(started_at=long_ago)
        assert worker("--batch").wait(120) == 0
    run.refresh_from_db()
    assert run.state == ImportRun.State.DONE
    assert killed[1][0] == ImportRun.State.APPLYING
    assert killed[1][1] < count
    assert Enrollment.objects.filter(course=course).count() == count // 2
    assert Invitation.objects.filter(course=course).count() == count // 2
    assert StatusChange.objects.count() == count // 2
    assert ImportRow.objects.filter(run=run).count() == count
    assert StatusChange.objects.filter(told_at=None).count() == 0
    mails = DBTaskResult.objects.filter(task_path__endswith="deliver")
    assert mails.count() == count
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


def test_rows_are_read_one_by_one(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text("email\n" + "\n".join(f"p{n}@example.org" for n in range(1000)))
    with table.open("rb") as file:
        rows = read_rows(file, table.name)
        assert next(rows) == ["email"]
        assert next(rows) == ["p0@example.org"]


def test_old_imports_are_forgotten_with_their_files(small: SimpleNamespace, visit: Any) -> None:
    run = checked(visit(small.admin), "email,course\nstranger@example.org,botany\n")
    assert importing.forget_old_imports() == 0
    ImportRun.objects.update(created_at=run.created_at - timedelta(days=importing.KEPT_DAYS + 1))
    path = Path(run.file.path)
    assert path.exists()
    assert importing.forget_old_imports() == 1
    assert not path.exists()
    assert User.objects.filter(email="stranger@example.org").exists()


def test_of_two_workers_that_end_one_import_one_notes_it(small: SimpleNamespace, visit: Any) -> None:
    """A worker that was taken for dead comes to the end after the one that has taken its place."""
    run = checked(visit(small.admin), f"email\n{small.stranger.email}\n", course=small.course)
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.APPLYING, position=0)
    ended: list[bool] = []

    def end_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not ended and sql.startswith("INSERT INTO") and "exchange_importrow" in sql:
            ended.append(True)
            ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.DONE)
        return answer

    with connection.execute_wrapper(end_first):
        importing.apply(run_id=run.pk)
    assert ended
    assert not AuditEntry.objects.filter(deed=deeds.IMPORT).exists()


def _applying(small: SimpleNamespace, visit: Any) -> ImportRun:
    """An import of one row that a worker is about to carry out."""
    run = checked(visit(small.admin), f"email\n{small.stranger.email}\n", course=small.course)
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.APPLYING, position=0)
    return run


def test_a_batch_that_another_worker_has_done_is_left_alone(small: SimpleNamespace, visit: Any) -> None:
    run = _applying(small, visit)
    other = checked(visit(small.admin), f"email\n{small.classmate.email}\n", course=small.course)
    assert (school.fresh(run).position, school.fresh(other).position) == (0, 1)  # the dry run of one moves its own only
    read: list[bool] = []

    def other_worker(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if not read and "exchange_importrun" in sql and sql.startswith("SELECT"):  # this worker has read the run
            read.append(True)
            ImportRun.objects.filter(pk=run.pk).update(position=1)
        return answer

    with connection.execute_wrapper(other_worker):
        assert importing.apply(run_id=run.pk) == 0
    assert not Enrollment.objects.filter(user=small.stranger).exists()
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.APPLYING, position=0)
    ImportRun.objects.filter(pk=other.pk).update(position=7)
    assert importing.apply(run_id=run.pk) == 1
    assert Enrollment.objects.filter(user=small.stranger).exists()
    assert school.fresh(run).position == 1
    assert school.fresh(run).finished_at
    assert school.fresh(other).position == 7


@pytest.mark.parametrize(("state", "work"), [("CHECKING", importing.check), ("APPLYING", importing.apply)])
def test_a_file_that_can_no_longer_be_read_ends_its_import_with_the_reason(
    small: SimpleNamespace, visit: Any, state: str, work: Any
) -> None:
    run = _applying(small, visit)
    other = checked(visit(small.admin), f"email\n{small.classmate.email}\n", course=small.course)
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State[state], filename="people.xlsx")  # it is a CSV
    assert work(run_id=run.pk) == 0
    run = school.fresh(run)
    assert run.state == ImportRun.State.FAILED
    assert run.problem
    assert run.finished_at
    assert (school.fresh(other).state, school.fresh(other).finished_at) == (ImportRun.State.CHECKED, None)
    assert not Enrollment.objects.filter(user=small.stranger).exists()


def test_an_invitation_into_another_group_is_changed(small: SimpleNamespace, visit: Any) -> None:
    for name in ("Autumn", "Winter"):
        StudyGroup.objects.create(course=small.course, name=name)
    client = visit(small.admin)
    run = checked(client, "email,group\nguest@example.org,Autumn\n", course=small.course)
    client.post(f"{PAGE}{run.pk}/start/")
    for group, outcome in (("Autumn", "skip"), ("Winter", "change")):
        again = checked(client, f"email,group\nguest@example.org,{group}\n", course=small.course)
        assert outcomes(again) == {"guest@example.org": outcome}

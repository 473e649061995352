"""One's own data: taken along, deleted after two weeks, kept after all. And accounts as staff handle them."""

import io
import json
import re
import zipfile
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from allauth.usersessions.models import UserSession
from django.core import mail
from django.utils import timezone

from learning.accounts import deeds
from learning.accounts.actions import ask_deletion, cancel_deletion, delete_due
from learning.accounts.models import AuditEntry, User
from learning.accounts.own_data import collect
from learning.enrollment.actions import change_status
from learning.enrollment.models import Enrollment, Invitation
from learning.enrollment.progress import set_done
from learning.enrollment.statuses import Status
from tests import school


def log_in(client: Any, person: User) -> None:
    """As a person does, and once more with the password, as is asked before what cannot be undone."""
    answer = client.post("/accounts/login/", {"login": person.email, "password": school.PASSWORD})
    assert answer.status_code == 302
    assert client.post("/accounts/reauthenticate/", {"password": school.PASSWORD}).status_code == 302


def test_download_has_everything_of_mine_and_nobody_elses(small: SimpleNamespace, visit: Any) -> None:
    set_done(enrollment=small.enrollment, lesson=small.lessons[0])
    school.enrolled(small.classmate, small.course)
    answer = visit(small.student).post("/me/data/download/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    text = archive.read("data.json").decode()
    data = json.loads(text)
    assert data["account"]["email"] == "student@example.org"
    assert [row["course_title"] for row in data["enrollments"]] == ["Botany"]
    assert data["lessons_done"][0]["lesson"] == "Green"
    assert data["history"][0]["after"] == "active"
    assert "classmate" not in text
    assert "password" not in data["account"]
    assert AuditEntry.objects.filter(deed=deeds.DATA, actor=small.student).exists()


def test_rows_about_deleted_courses_are_mine_too(small: SimpleNamespace) -> None:
    small.course.delete()
    data = collect(small.student)
    assert [row["course_title"] for row in data["enrollments"]] == ["Botany"]


def test_deletion_waits_two_weeks_and_can_be_cancelled(small: SimpleNamespace, visit: Any) -> None:
    client = visit()
    log_in(client, small.student)
    assert "former member" in client.get("/me/data/delete/").content.decode()
    assert client.post("/me/data/delete/").status_code == 302
    person = school.fresh(small.student)
    assert person.is_active
    assert timedelta(days=13) < person.delete_after - timezone.now() <= timedelta(days=14)
    assert client.get(school.path_of(small.lessons[0])).status_code == 200
    assert delete_due() == 0
    client.post("/me/data/keep/")
    assert school.fresh(small.student).delete_after is None
    client.post("/me/data/delete/")
    Invitation.objects.create(course=small.other, email="student@example.org", name="Student")
    User.objects.filter(pk=small.student.pk).update(delete_after=timezone.now())
    assert delete_due() == 1
    assert delete_due() == 0
    person = school.fresh(small.student)
    assert person.anonymised_at
    assert "student" not in person.email
    assert not Invitation.objects.exists()
    assert Enrollment.objects.filter(user=person).exists()
    assert client.get("/me/").status_code == 302


def test_deletion_asks_for_the_password(small: SimpleNamespace, visit: Any) -> None:
    answer = visit(small.student).post("/me/data/delete/")
    assert "/accounts/reauthenticate/" in answer.url
    assert school.fresh(small.student).delete_after is None


def test_staff_end_sessions_take_data_close_and_open(small: SimpleNamespace, visit: Any) -> None:
    student = visit()
    log_in(student, small.student)
    client, page = visit(small.admin), f"/cms/people/{small.student.pk}/account/"
    assert "former member" in client.get(page).content.decode()
    client.post(page, {"do": "end_sessions"})
    assert student.get("/me/").status_code == 302
    assert not UserSession.objects.filter(user=small.student).exists()
    assert zipfile.ZipFile(io.BytesIO(client.post(page, {"do": "data"}).content)).namelist() == [
        "data.json",
        "data.html",
    ]
    client.post(page, {"do": "reset_mfa"})
    client.post(page, {"do": "delete"})
    assert not school.fresh(small.student).is_active
    client.post(page, {"do": "keep"})
    assert school.fresh(small.student).is_active
    client.post(f"/cms/people/{small.admin.pk}/account/", {"do": "delete"})
    assert school.fresh(small.admin).delete_after is None
    did = AuditEntry.objects.filter(person=small.student, actor=small.admin).order_by("pk")
    said = [entry.facts["did"] for entry in did]
    assert said == ["ended_sessions", "downloaded", "reset_mfa", "asked_deletion", "cancelled_deletion"]
    for who in (small.teacher, small.editor):
        assert visit(who).get(page).status_code == 302


def test_account_without_a_password_is_an_invitation(people: SimpleNamespace, visit: Any) -> None:
    mail.outbox.clear()
    data = {"email": "new@example.org", "display_name": "New", "language": "ru", "time_zone": "UTC"}
    data |= {"groups": [], "password1": "", "password2": ""}
    assert visit(people.admin).post("/cms/users/new/", data).status_code == 302
    message = mail.outbox[-1]
    assert message.to == ["new@example.org"]
    assert "учётная запись" in message.subject.lower() or "аккаунт" in message.subject.lower()
    link = re.search(r"http\S+/accounts/password/reset/key/\S+", message.body)
    assert link
    client = visit()
    answer = client.get(link[0].removeprefix("http://localhost:8000"), follow=True)
    form = answer.request["PATH_INFO"]
    client.post(form, {"password1": school.PASSWORD, "password2": school.PASSWORD})
    log_in(client, User.objects.get(email="new@example.org"))
    assert client.get("/me/").status_code == 200


def test_anonymised_people_break_nothing(small: SimpleNamespace, visit: Any) -> None:
    change_status(enrollment=small.enrollment, after=Status.PAUSED, actor=small.teacher)
    for person in (small.student, small.teacher):
        User.objects.filter(pk=person.pk).update(delete_after=timezone.now())
    assert delete_due() == 2
    client = visit(small.admin)
    paths = [
        f"/teaching/courses/{small.course.pk}/",
        f"/teaching/courses/{small.course.pk}/strip/",
        f"/teaching/students/{small.student.pk}/",
        f"/cms/enrollment/{small.enrollment.pk}/status/",
        "/cms/enrollment/enrollment/",
        "/cms/audit/",
        school.path_of(small.course),
    ]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "student@example.org" not in answer.content.decode(), path


def test_cancelling_opens_only_what_the_deletion_has_closed(small: SimpleNamespace) -> None:
    ask_deletion(person=small.student, actor=small.student)
    ask_deletion(person=small.student, actor=small.admin)
    assert not school.fresh(small.student).is_active
    cancel_deletion(person=small.student, actor=small.admin)
    assert school.fresh(small.student).is_active
    User.objects.filter(pk=small.classmate.pk).update(is_active=False)
    ask_deletion(person=small.classmate, actor=small.admin)
    cancel_deletion(person=small.classmate, actor=small.admin)
    assert not school.fresh(small.classmate).is_active


def test_the_data_can_be_read_as_a_page_of_words(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    change_status(enrollment=small.enrollment, after=Status.PAUSED, actor=small.admin, reason="Ill")
    client = visit(small.student)
    client.get("/me/data/read/")
    with django_assert_max_num_queries(45):
        page = client.get("/me/data/read/").content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    for words in ("student@example.org", "Botany", "Paused", "Ill", "History of your enrolments", "Active → Paused"):
        assert words in main
    for code in ("display_name", "course_title", "date_joined", "{", "None", "True", "facts"):
        assert code not in main
    archive = zipfile.ZipFile(io.BytesIO(client.post("/me/data/download/").content))
    assert {"data.json", "data.html"} <= set(archive.namelist())
    assert "History of your enrolments" in archive.read("data.html").decode()
    assert visit(small.classmate).get("/me/data/read/").content.decode().count("Ill") == 0

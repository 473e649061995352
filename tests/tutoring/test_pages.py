"""What teachers and students do on the pages of private lessons, step by step."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from learning.accounts.actions import anonymise
from learning.accounts.models import User
from learning.tutoring.models import (
    Account,
    Attendance,
    DayOff,
    LedgerLine,
    Lesson,
    Package,
    Policy,
    Presence,
    Project,
    Status,
)
from tests.tutoring.making import coming_lesson, past_lesson, policy, project, weekly


def weekly_form(of: Project, **changes: str) -> dict[str, str]:
    first = (of.today + timedelta(days=3)).isoformat()
    form = {"from_date": first, "until": "", "every": "1", "day0": "0", "at0": "18:00", "minutes0": "60"}
    return {**form, **changes}


def seen_in(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def test_a_teachers_first_day(people: SimpleNamespace, visit: Any) -> None:
    client: Client = visit(people.teacher)
    assert "Create the first project" in client.get("/tutoring/").content.decode()
    form = {"taught": "English", "email": "new@example.org", "minutes": "60", "price": "30", "currency": "EUR"}
    answer = client.post("/tutoring/projects/new/", form)
    made = Project.objects.get()
    assert answer.headers["Location"] == f"/tutoring/projects/{made.pk}/schedule/"
    assert made.price == 3000
    path = f"/tutoring/projects/{made.pk}/schedule/rule/"
    preview = client.post(path, weekly_form(made)).content.decode()
    assert "What changes" in preview
    assert not Lesson.objects.exists()
    assert client.post(path, {**weekly_form(made), "seen": seen_in(preview)}).status_code == 302
    lesson = Lesson.objects.order_by("starts_at")[0]
    assert Lesson.objects.count() in {7, 8}
    later = (timezone.localtime(lesson.starts_at, made.zone) + timedelta(days=1)).date().isoformat()
    moved = client.post(f"/tutoring/lessons/{lesson.pk}/move/", {"day": later, "at": "19:00", "minutes": "60"})
    assert moved.status_code == 302
    assert timezone.localtime(Lesson.objects.get(pk=lesson.pk).starts_at, made.zone).hour == 19
    past = past_lesson(made)
    Attendance.objects.get_or_create(
        lesson=past, student=made.students.get().student,
        defaults={"payer": made.students.get().student, "starts_at": past.starts_at, "ends_at": past.ends_at},
    )  # fmt: skip
    marked = client.post(f"/tutoring/lessons/{past.pk}/mark/", {"status": "held", "next": "/me/"})
    assert marked.headers["Location"].startswith("/me/?undo=")
    account = Account.objects.get()
    entered = {"amount": "30", "currency": "EUR", "day": "2026-05-04", "method": "cash", "form": "one"}
    for _twice in range(2):
        assert client.post(f"/tutoring/accounts/{account.pk}/payment/", entered).status_code == 302
    assert account.balances() == {"EUR": 0}


def test_an_invited_student_sets_a_password_and_is_in(people: SimpleNamespace, visit: Any) -> None:
    form = {"taught": "English", "email": "new@example.org", "minutes": "60", "price": "30", "currency": "EUR"}
    visit(people.teacher).post("/tutoring/projects/new/", form)
    invitation = mail.outbox[-1]
    assert invitation.to == ["new@example.org"]
    link = next(line for line in invitation.body.splitlines() if "/password/reset/" in line)
    client = Client()
    path = "/" + link.split("/", 3)[3]
    page = client.get(path, follow=True)
    target = page.redirect_chain[-1][0]
    assert (
        client.post(target, {"password1": "Blue-kettle-29-rain", "password2": "Blue-kettle-29-rain"}).status_code == 302
    )
    assert EmailAddress.objects.get(email="new@example.org").verified
    again = Client()
    again.post("/accounts/login/", {"login": "new@example.org", "password": "Blue-kettle-29-rain"})
    assert "English" in again.get("/tutoring/").content.decode()


def test_adding_someone_who_has_an_account_sends_no_password_link(people: SimpleNamespace, visit: Any) -> None:
    form = {
        "taught": "English",
        "email": people.student.email.upper(),
        "minutes": "60",
        "price": "0",
        "currency": "EUR",
    }
    visit(people.teacher).post("/tutoring/projects/new/", form)
    assert "/password/reset/" not in mail.outbox[-1].body
    assert User.objects.filter(email__iexact=people.student.email).count() == 1


def test_a_preview_that_is_no_longer_true_is_shown_again(english: Project, visit: Any) -> None:
    client = visit(english.teacher)
    path = f"/tutoring/projects/{english.pk}/schedule/rule/"
    seen = seen_in(client.post(path, weekly_form(english)).content.decode())
    weekly(english, (1, "10:00"), from_date=english.today + timedelta(days=3))
    count = Lesson.objects.count()
    # another change has made lessons of the same project: what is made now is the same, so it is applied
    assert client.post(path, {**weekly_form(english), "seen": seen}).status_code == 302
    assert Lesson.objects.count() > count
    stale = client.post(path, {**weekly_form(english), "seen": "0" * 20})
    assert stale.status_code == 200
    assert "has changed meanwhile" in stale.content.decode()


@pytest.mark.parametrize(
    "changes",
    [{"day0": ""}, {"at0": ""}, {"minutes0": "1"}, {"from_date": "x"}, {"every": "0"}, {"from_date": "2500-01-01"}],
)
def test_a_weekly_rule_that_makes_no_sense_is_refused(english: Project, visit: Any, changes: dict[str, str]) -> None:
    path = f"/tutoring/projects/{english.pk}/schedule/rule/"
    assert visit(english.teacher).post(path, weekly_form(english, **changes)).status_code == 422
    assert not Lesson.objects.exists()


def test_a_rule_that_cannot_be_applied_is_said_at_its_form(english: Project, visit: Any) -> None:
    lessons = weekly(english, (0, "18:00"), from_date=english.today + timedelta(days=20))
    client = visit(english.teacher)
    path = f"/tutoring/projects/{english.pk}/schedule/{lessons[0].rule_id}/"
    page = client.post(path, weekly_form(english, at0="07:35"))
    assert page.status_code == 422
    assert "A later change of this rule begins on" in page.content.decode()
    assert 'value="07:35"' in page.content.decode()
    # “this and all following” cannot leave the week
    local = timezone.localtime(lessons[1].starts_at, english.zone)
    move = {"day": (local + timedelta(days=9)).date().isoformat(), "at": "07:35", "minutes": "60", "following": "on"}
    page = client.post(f"/tutoring/lessons/{lessons[1].pk}/move/", move)
    assert page.status_code == 422
    assert "choose a day of the same week" in page.content.decode()
    assert 'value="07:35"' in page.content.decode()
    assert Lesson.objects.get(pk=lessons[1].pk).starts_at == lessons[1].starts_at


def test_a_clash_is_shown_with_free_times_and_names_no_lesson_of_others(people: SimpleNamespace, visit: Any) -> None:
    own, foreign = (
        project(people.teacher, people.student),
        project(people.other_teacher, people.student, taught="Secret"),
    )
    lesson, taken = coming_lesson(own, hours=80), coming_lesson(foreign, hours=50)
    local = timezone.localtime(taken.starts_at, own.zone)
    form = {"day": local.date().isoformat(), "at": local.strftime("%H:%M"), "minutes": "60"}
    answer = visit(people.teacher).post(f"/tutoring/lessons/{lesson.pk}/move/", form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "data-free" in page
    assert "Secret" not in page
    assert Lesson.objects.get(pk=lesson.pk).starts_at == lesson.starts_at


def test_a_student_is_told_the_cost_before_they_cancel(people: SimpleNamespace, visit: Any) -> None:
    made = project(people.teacher, people.student, price=3000, policy=policy(people.teacher, late_percent=50))
    lesson = coming_lesson(made, hours=5)
    client = visit(people.student)
    assert "€15.00" in client.get(lesson.get_absolute_url()).content.decode()
    path = f"/tutoring/lessons/{lesson.pk}/call-off/"
    client.post(path, {"percent": "0"})  # a page from when it was free
    assert Lesson.objects.get(pk=lesson.pk).status == Status.PLANNED
    client.post(path, {"percent": "50", "reason": "ill"})
    assert Lesson.objects.get(pk=lesson.pk).status == Status.CANCELLED
    assert LedgerLine.objects.get().amount == -1500
    assert mail.outbox[-1].to == [people.teacher.email]
    assert client.post(path, {"percent": "50"}).status_code == 302
    assert LedgerLine.objects.count() == 1


def test_one_student_of_a_group_stays_away_and_the_others_have_their_lesson(
    people: SimpleNamespace, visit: Any
) -> None:
    group = project(people.teacher, people.student, people.classmate, price=3000)
    lesson = coming_lesson(group, hours=90)
    visit(people.student).post(f"/tutoring/lessons/{lesson.pk}/call-off/", {"percent": "0"})
    own = Attendance.objects.get(student=people.student)
    assert (own.presence, own.takes_time) == (Presence.EXCUSED, False)
    assert Lesson.objects.get(pk=lesson.pk).status == Status.PLANNED
    other = project(people.other_teacher, people.student)
    coming_lesson(other, hours=90)  # their time is free


def test_a_student_asks_for_another_time(english: Project, people: SimpleNamespace, visit: Any) -> None:
    lesson = coming_lesson(english, hours=50)
    wanted = timezone.localtime(lesson.starts_at + timedelta(hours=4), ZoneInfo("UTC"))
    form = {"day": wanted.date().isoformat(), "at": wanted.strftime("%H:%M"), "note": "train"}
    for _twice in range(2):
        assert visit(people.student).post(f"/tutoring/lessons/{lesson.pk}/ask/", form).status_code == 302
    wish = lesson.move_requests.get()
    assert mail.outbox[-1].to == [people.teacher.email]
    client = visit(people.teacher)
    assert "train" in client.get(lesson.get_absolute_url()).content.decode()
    client.post(f"/tutoring/requests/{wish.pk}/", {"answer": "accept"})
    assert Lesson.objects.get(pk=lesson.pk).starts_at == wish.wanted_at
    client.post(f"/tutoring/requests/{wish.pk}/", {"answer": "decline"})
    wish.refresh_from_db()
    assert wish.answer == "accepted"


def test_all_of_today_is_marked_and_one_mark_is_undone(english: Project, visit: Any) -> None:
    lesson = past_lesson(english, hours_ago=1.5)
    client = visit(english.teacher)
    marked = client.post(f"/tutoring/lessons/{lesson.pk}/mark/", {"status": "held"})
    change = marked.headers["Location"].partition("undo=")[2]
    client.post("/tutoring/undo/", {"change": change})
    assert Lesson.objects.get(pk=lesson.pk).status == Status.PLANNED
    client.post("/tutoring/today/held/")
    assert Lesson.objects.get(pk=lesson.pk).status in {Status.HELD, Status.PLANNED}  # it may be of yesterday


def test_saving_the_plan_keeps_what_another_tab_has_changed(english: Project, visit: Any) -> None:
    lesson = past_lesson(english)
    client = visit(english.teacher)
    client.post(f"/tutoring/lessons/{lesson.pk}/mark/", {"status": "held"})
    client.post(f"/tutoring/lessons/{lesson.pk}/plan/", {"theme": "Stress", "aims": "Hear it"})
    stored = Lesson.objects.get(pk=lesson.pk)
    assert (stored.theme, stored.status) == ("Stress", Status.HELD)
    following = coming_lesson(english)
    client.post(f"/tutoring/lessons/{lesson.pk}/tasks/", {"text": "Read aloud", "points": "2"})
    client.post(f"/tutoring/lessons/{following.pk}/plan/go-on/")
    stored = Lesson.objects.get(pk=following.pk)
    assert stored.theme == "Stress"
    assert [task.text for task in stored.tasks.all()] == ["Read aloud"]


def test_days_off_cancel_move_or_prolong(people: SimpleNamespace, visit: Any) -> None:
    ends = timezone.localdate() + timedelta(weeks=6)
    made = project(people.teacher, people.student, ends_on=ends)
    first = made.today + timedelta(days=7 - made.today.weekday())
    weekly(made, (0, "18:00"), from_date=first)
    count = Lesson.objects.filter(status=Status.PLANNED).count()
    off = {"first": (first + timedelta(weeks=1)).isoformat(), "last": (first + timedelta(weeks=1)).isoformat()}
    client = visit(people.teacher)
    assert client.post("/tutoring/days-off/", {**off, "what": "prolong"}).status_code == 302
    assert Lesson.objects.filter(status=Status.PLANNED).count() == count
    assert Project.objects.get().ends_on > ends
    again = {"first": (first + timedelta(weeks=2)).isoformat(), "last": (first + timedelta(weeks=2)).isoformat()}
    client.post("/tutoring/days-off/", {**again, "what": "move"})
    assert Lesson.objects.filter(status=Status.PLANNED).count() == count
    assert Lesson.objects.filter(is_moved=True).count() == 1
    wrong = client.post("/tutoring/days-off/", {"first": "2026-05-05", "last": "2026-05-01", "what": "cancel"})
    assert DayOff.objects.count() == 2
    assert wrong.status_code in {200, 422}


def test_a_package_is_sold_used_and_returned(english: Project, people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.teacher)
    answer = client.post(f"/tutoring/projects/{english.pk}/students/{people.student.pk}/account/")
    path = answer.headers["Location"]
    form = {
        "project": english.pk,
        "units": "4",
        "minutes": "60",
        "price": "100",
        "bought_on": "2026-01-01",
        "form": "x",
    }
    for _twice in range(2):
        assert client.post(f"{path}package/", form).status_code == 302
    client.post(f"/tutoring/lessons/{past_lesson(english).pk}/mark/", {"status": "held"})
    package = Package.objects.with_left().get()
    assert package.left == 3
    assert "3 of 4 left" in client.get(path).content.decode()
    client.post(f"/tutoring/packages/{package.pk}/return/")
    assert Account.objects.get().balances() == {"EUR": -2500}
    assert "package no. 1" in client.get(f"{path}?first=2020-01-01&last=2099-01-01").content.decode()
    csv = b"".join(client.get(f"{path}?first=2020-01-01&last=2099-01-01&format=csv").streaming_content).decode()
    assert "-100" in csv


def test_a_policy_gets_a_new_version_and_planned_lessons_keep_theirs(
    english: Project, people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.teacher)
    form = {"name": "Mine", "free_hours": "48", "late_percent": "50", "missed_percent": "100", "free_late": "0",
            "free_late_in": "month", "teacher_percent": "0"}  # fmt: skip
    client.post("/tutoring/policies/new/", form)
    own = Policy.objects.get(owner=people.teacher)
    english.policy = own
    english.save()
    lesson = coming_lesson(english)
    client.post(f"/tutoring/policies/{own.pk}/", {**form, "free_hours": "12"})
    assert [version.free_hours for version in own.versions.all()] == [48, 12]
    assert Lesson.objects.get(pk=lesson.pk).policy.free_hours == 48
    assert coming_lesson(english, hours=99).policy.free_hours == 12


def test_forms_keep_what_was_typed_and_say_what_is_wrong(english: Project, visit: Any) -> None:
    client = visit(english.teacher)
    answer = client.post(
        "/tutoring/projects/new/", {"taught": "Greek", "email": "x", "price": "1.234", "currency": "EUR"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Greek" in page
    assert "fewer decimals" in page
    edited = client.post(f"/tutoring/projects/{english.pk}/edit/", {"taught": "", "starts_on": "2026-05-05"})
    assert edited.status_code == 422
    assert Project.objects.get(pk=english.pk).taught == "English"


def test_the_room_of_a_project_is_for_its_teacher_and_students(
    english: Project, people: SimpleNamespace, visit: Any
) -> None:
    from chat.models import Room
    from learning.tutoring.projects.actions import leave, set_payer

    room = Room.objects.get(project=english)
    set_payer(row=english.students.get(), email=people.stranger.email)
    seen = {name: visit(getattr(people, name)).get(room.get_absolute_url()).status_code for name in vars(people)}
    assert {name for name, status in seen.items() if status == 200} == {"student", "teacher", "moderator", "admin"}
    assert "English, Student" in visit(people.teacher).get("/chat/").content.decode()
    leave(row=english.students.get())
    assert visit(people.student).get(room.get_absolute_url()).status_code == 404
    Project.objects.update(state=Project.State.ENDED)
    assert Room.objects.named().get(pk=room.pk).is_read_only


def test_a_deleted_student_leaves_numbers_and_a_deleted_teacher_ends_projects(
    english: Project, people: SimpleNamespace, visit: Any
) -> None:
    past, coming = past_lesson(english), coming_lesson(english)
    Lesson.objects.filter(pk=past.pk).update(theme="Secret", report="Private")
    visit(people.teacher).post(f"/tutoring/lessons/{past.pk}/mark/", {"status": "held"})
    before = list(LedgerLine.objects.values_list("amount", flat=True))
    anonymise(person=people.student)
    assert list(LedgerLine.objects.values_list("amount", flat=True)) == before
    stored = Lesson.objects.get(pk=past.pk)
    assert (stored.status, stored.theme, stored.report) == (Status.HELD, "", "")
    assert Lesson.objects.get(pk=coming.pk).status == Status.CANCELLED
    assert "former member" in visit(people.teacher).get("/tutoring/accounts/").content.decode()
    anonymise(person=people.teacher)
    assert Project.objects.get(pk=english.pk).state == Project.State.ENDED
    assert visit(people.admin).get(f"/tutoring/projects/{english.pk}/").status_code == 200

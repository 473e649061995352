"""The section “Learning” of the CMS: what administrators and teachers do with enrolments."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from learning.accounts.models import AuditEntry
from learning.courses.enums import EnrollmentPolicy
from learning.enrollment import actions, deeds
from learning.enrollment.actions import enroll
from learning.enrollment.models import Enrollment, Invitation, Seats, StatusChange, StudyGroup
from learning.enrollment.statuses import Status
from learning.enrollment.undo import undo
from tests import school

LIST, ADD = "/cms/enrollment/enrollment/", "/cms/enrollment/enrollment/new/"


def change(client: Any, enrollment: Enrollment, after: Status, reason: str = "") -> Any:
    return client.post(f"/cms/enrollment/{enrollment.pk}/status/", {"after": after, "reason": reason, "confirmed": "1"})


def test_list_shows_students_by_status(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    assert "student@example.org" in client.get(LIST).content.decode()
    assert "student@example.org" in client.get(LIST + "?status=active").content.decode()
    assert "student@example.org" not in client.get(LIST + "?status=paused").content.decode()
    assert "student@example.org" in client.get(LIST + "?q=student@").content.decode()
    assert "student@example.org" not in client.get(LIST + "?q=zzz").content.decode()
    assert "student@example.org" in client.get(LIST + f"?course={small.course.pk}").content.decode()
    assert client.get(LIST + "?course=99999999999999999999999").status_code == 200


@pytest.mark.parametrize("who", ["admin", "teacher"])
def test_approve_decline_pause_remove(small: SimpleNamespace, visit: Any, who: str) -> None:
    client = visit(getattr(small, who))
    small.course.policy = EnrollmentPolicy.APPROVAL
    school.publish(small.course)
    asked, other = enroll(user=small.stranger, course=small.course), enroll(user=small.classmate, course=small.course)
    assert change(client, asked, Status.ACTIVE).status_code == 302
    assert change(client, other, Status.DECLINED, "No room").status_code == 302
    assert change(client, asked, Status.PAUSED).status_code == 302
    assert change(client, asked, Status.REMOVED).status_code == 302
    assert (school.fresh(asked).status, school.fresh(other).status) == (Status.REMOVED, Status.DECLINED)
    step = StatusChange.objects.get(after=Status.DECLINED)
    assert (step.actor, step.reason) == (getattr(small, who), "No room")
    assert "No room" in client.get(f"/cms/enrollment/{other.pk}/status/").content.decode()


def test_impossible_steps_are_refused_and_change_nothing(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    for after in ("requested", "left", "nonsense", ""):
        response = change(client, small.enrollment, after)  # type: ignore[arg-type]
        assert response.status_code == 422
    assert school.fresh(small.enrollment).status == Status.ACTIVE


def test_full_course_tells_the_administrator(small: SimpleNamespace, visit: Any) -> None:
    course = school.course(capacity=1, policy=EnrollmentPolicy.APPROVAL)
    rows = [enroll(user=who, course=course) for who in (small.student, small.classmate)]
    client = visit(small.admin)
    change(client, rows[0], Status.ACTIVE)
    response = change(client, rows[1], Status.ACTIVE)
    assert response.status_code == 422
    assert "All seats of this course are taken" in response.content.decode()


def test_teachers_see_and_change_their_own_only(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.other_teacher)
    assert "student@example.org" not in client.get(LIST).content.decode()
    assert change(client, small.enrollment, Status.REMOVED).status_code == 404
    assert client.get(f"{LIST}edit/{small.enrollment.pk}/").status_code in {302, 403, 404}
    client.post(ADD, {"course": small.course.pk, "email": "stranger@example.org"})
    assert not Enrollment.objects.filter(user=small.stranger).exists()
    group = StudyGroup.objects.create(course=small.course, name="A")
    assert client.get(f"/cms/enrollment/studygroup/edit/{group.pk}/").status_code in {302, 403, 404}
    client.post(f"/cms/enrollment/studygroup/delete/{group.pk}/")
    assert StudyGroup.objects.filter(pk=group.pk).exists()


@pytest.mark.parametrize("who", ["editor", "moderator", "student"])
def test_others_have_no_business_there(small: SimpleNamespace, visit: Any, who: str) -> None:
    client = visit(getattr(small, who))
    assert client.get(LIST).status_code in {302, 403}
    assert change(client, small.enrollment, Status.REMOVED).status_code in {302, 404}
    assert school.fresh(small.enrollment).status == Status.ACTIVE


def test_enrol_by_e_mail(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    assert client.get(ADD).status_code == 200
    data = {"course": small.course.pk, "email": "Stranger@example.org", "reason": "Asked by phone"}
    assert client.post(ADD, data).status_code == 302
    enrollment = Enrollment.objects.get(user=small.stranger, course=small.course)
    assert enrollment.history.get().reason == "Asked by phone"
    assert client.post(ADD, {**data, "email": "no@example.org"}).status_code == 302
    assert Invitation.objects.get().email == "no@example.org"


def test_enrolments_are_never_deleted(small: SimpleNamespace, visit: Any) -> None:
    visit(small.admin).post(f"{LIST}delete/{small.enrollment.pk}/")
    assert Enrollment.objects.filter(pk=small.enrollment.pk).exists()


def test_groups_hold_students_of_their_course(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    data = {"course": small.course.pk, "name": "Autumn", "teachers": [small.teacher.pk]}
    assert client.post("/cms/enrollment/studygroup/create/", data).status_code == 302
    group = StudyGroup.objects.get(name="Autumn")
    entry = AuditEntry.objects.filter(deed=deeds.GROUP).latest("pk")
    assert (entry.actor, entry.facts["did"], entry.facts["group"]) == (small.teacher, "made", group.pk)
    foreign = StudyGroup.objects.create(course=small.other, name="Elsewhere")
    into = f"/teaching/courses/{small.course.pk}/groups/place/"
    assert client.post(into, {"enrollment": small.enrollment.pk, "group": foreign.pk}).status_code == 404
    assert school.fresh(small.enrollment).group is None
    client.post(into, {"enrollment": small.enrollment.pk, "group": group.pk})
    assert school.fresh(small.enrollment).group == group
    assert "Autumn" in visit(small.student).get(school.path_of(small.course)).content.decode()


def test_invitations_are_sent_once(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    data = {"course": small.course.pk, "email": "New@Example.org"}
    assert client.post("/cms/enrollment/invitation/create/", data).status_code == 302
    again = client.post("/cms/enrollment/invitation/create/", data)
    assert "invited already" in again.content.decode()
    assert Invitation.objects.get().email == "new@example.org"


def invited(course: Any, *names: str) -> list[Invitation]:
    told = timezone.now() - timedelta(days=3)
    return [Invitation.objects.create(course=course, email=f"{name}@example.org", told_at=told) for name in names]


INVITED = "/cms/enrollment/invitation/"


def bulk(action: str, *ids: object) -> str:
    query = "&".join(f"id={pk}" for pk in ids)
    return f"/cms/bulk/enrollment/invitation/{action}/?{query}&next={INVITED}"


def test_invitations_are_sent_again_in_bulk_but_not_twice_at_once(small: SimpleNamespace, visit: Any) -> None:
    one, two = invited(small.course, "one", "two")
    client = visit(small.teacher)
    question = client.get(bulk("send_again", one.pk, two.pk)).content.decode()
    assert "one@example.org" in question
    assert "two@example.org" in question
    mail.outbox.clear()
    assert client.post(bulk("send_again", one.pk, two.pk)).status_code == 302
    assert sorted(message.to[0] for message in mail.outbox) == ["one@example.org", "two@example.org"]
    again = client.post(bulk("send_again", one.pk, two.pk), follow=True).content.decode()
    assert "2 are not sent again" in again
    assert len(mail.outbox) == 2
    assert "Sent again; 2 invitations" in visit(small.admin).get("/cms/audit/").content.decode()


def test_nobody_is_invited_again_who_has_enrolled(small: SimpleNamespace, visit: Any) -> None:
    one, two = invited(small.course, "one", "two")
    school.enrolled(school.person("one"), small.course)
    mail.outbox.clear()
    client = visit(small.teacher)
    rows = re.findall(r"<td[^>]*>\s*(yes|–)\s*</td>", client.get(INVITED).content.decode())
    assert rows.count("yes") == 1
    said = client.post(bulk("send_again", one.pk, two.pk), follow=True).content.decode()
    assert [message.to for message in mail.outbox] == [["two@example.org"]]
    assert "1 is not sent again" in said


def test_the_form_of_a_full_course_does_not_tell_who_has_an_account(small: SimpleNamespace, visit: Any) -> None:
    small.course.capacity = 1
    school.publish(small.course)
    Seats.objects.recount(small.course.pk)
    school.person("known")
    client = visit(small.teacher)
    answers = [
        client.post(ADD, {"course": small.course.pk, "email": f"{who}@example.org"}) for who in ("known", "unknown")
    ]
    assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2
    assert all("All seats of this course are taken." in answer.content.decode() for answer in answers)
    assert not Invitation.objects.filter(email="unknown@example.org").exists()


def test_invitations_are_taken_back_in_bulk_those_of_ones_courses(small: SimpleNamespace, visit: Any) -> None:
    (mine,), (others,) = invited(small.course, "mine"), invited(small.other, "others")
    client = visit(small.teacher)
    shown = client.get(INVITED).content.decode()
    assert "mine@example.org" in shown
    assert "others@example.org" not in shown
    client.post(bulk("take_back", mine.pk, others.pk))
    assert list(Invitation.objects.all()) == [others]
    log = visit(small.admin).get("/cms/audit/").content.decode()
    assert "Withdrawn; 1 invitation<" in re.sub(r"\s*<", "<", log)
    assert "mine@example.org" not in log
    assert client.get(bulk("take_back", others.pk)).status_code == 404
    invited(small.course, "a", "b", "c")
    client.post(bulk("take_back", "all") + "%3Fq%3Da%40")
    assert sorted(Invitation.objects.values_list("email", flat=True)) == [
        "b@example.org",
        "c@example.org",
        "others@example.org",
    ]
    assert visit(small.editor).get(bulk("take_back", others.pk)).status_code in {302, 404}


def test_invitations_are_a_list_with_few_queries(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    invited(small.course, *(f"guest{n}" for n in range(60)))
    client = visit(small.admin)
    client.get(INVITED)
    with django_assert_max_num_queries(25):
        page = client.get(INVITED).content.decode()
    assert page.count("@example.org") >= 50
    assert "guest7@example.org" in client.get(f"{INVITED}?q=guest7%40").content.decode()


def test_nothing_is_chosen_beforehand_and_a_question_names_person_and_effect(
    small: SimpleNamespace, visit: Any
) -> None:
    url = f"/cms/enrollment/{small.enrollment.pk}/status/"
    client = visit(small.teacher)
    form = client.get(url).content.decode()
    assert '<option value="" selected>' in form
    assert client.post(url, {"reason": ""}).status_code == 422
    asked = client.post(url, {"after": Status.COMPLETED, "reason": ""}).content.decode()
    assert "Student becomes “Completed” in “Botany”" in asked
    assert "completed for good" in asked
    assert school.fresh(small.enrollment).status == Status.ACTIVE
    table = visit(small.teacher).get(f"/teaching/courses/{small.course.pk}/").content.decode()
    assert '<option value="">Choose…</option>' in table


@pytest.mark.parametrize("after", [Status.COMPLETED, Status.REMOVED, Status.PAUSED])
def test_a_change_is_undone_by_who_made_it(small: SimpleNamespace, visit: Any, after: Status) -> None:
    client = visit(small.teacher)
    change(client, small.enrollment, after)
    assert school.fresh(small.enrollment).status == after
    assert "Undo" in client.get("/cms/enrollment/enrollment/").content.decode()
    visit(small.admin).post("/cms/enrollment/undo/")
    assert school.fresh(small.enrollment).status == after
    assert "Student" in client.get("/cms/enrollment/undo/").content.decode()
    client.post("/cms/enrollment/undo/")
    enrollment = school.fresh(small.enrollment)
    assert (enrollment.status, enrollment.completed_at) == (Status.ACTIVE, None)
    assert [step.after for step in enrollment.history.all()][-2:] == [after, Status.ACTIVE]
    client.post("/cms/enrollment/undo/")
    assert school.fresh(enrollment).history.count() == enrollment.history.count()


def test_a_late_or_overtaken_undo_changes_nothing(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    change(client, small.enrollment, Status.PAUSED)
    StatusChange.objects.filter(after=Status.PAUSED).update(at=timezone.now() - timedelta(minutes=11))
    client.post("/cms/enrollment/undo/")
    assert school.fresh(small.enrollment).status == Status.PAUSED
    change(client, small.enrollment, Status.ACTIVE)
    change(client, small.enrollment, Status.PAUSED)
    actions.change_status(enrollment=small.enrollment, after=Status.REMOVED, actor=small.admin)
    client.post("/cms/enrollment/undo/")
    assert school.fresh(small.enrollment).status == Status.REMOVED


def test_an_undo_never_takes_a_seat_that_is_gone(small: SimpleNamespace, visit: Any) -> None:
    course = school.course(capacity=1, team=(small.teacher,))
    row, client = enroll(user=small.student, course=course), visit(small.teacher)
    change(client, row, Status.REMOVED)
    enroll(user=small.classmate, course=course)
    client.post("/cms/enrollment/undo/")
    assert school.fresh(row).status == Status.REMOVED
    assert actions.seats_taken(course.pk) == 1


def test_many_changes_are_undone_at_once(small: SimpleNamespace, visit: Any) -> None:
    rows = [small.enrollment, enroll(user=small.classmate, course=small.course)]
    client = visit(small.admin)
    ids = "&".join(f"id={row.pk}" for row in rows)
    url = f"/cms/bulk/enrollment/enrollment/remove/?{ids}&next=/cms/enrollment/enrollment/"
    assert "lose access at once" in client.get(url).content.decode()
    client.post(url, {"reason": ""})
    assert {school.fresh(row).status for row in rows} == {Status.REMOVED}
    client.post("/cms/enrollment/undo/")
    assert {school.fresh(row).status for row in rows} == {Status.ACTIVE}


def test_teaching_asks_before_it_changes_and_takes_back(small: SimpleNamespace, visit: Any) -> None:
    client, url = visit(small.teacher), f"/teaching/courses/{small.course.pk}/status/"
    post = {"enrollment": small.enrollment.pk, "after": "completed"}
    asked = client.post(url, post).content.decode()
    assert "Student" in asked
    assert "completed for good" in asked
    assert school.fresh(small.enrollment).status == Status.ACTIVE
    client.post(url, {**post, "confirmed": "1"})
    assert school.fresh(small.enrollment).status == Status.COMPLETED
    assert visit(small.other_teacher).post(url + "undo/").status_code == 404
    client.post(url + "undo/")
    assert school.fresh(small.enrollment).status == Status.ACTIVE


def test_nobody_undoes_what_another_did_or_where_they_have_no_students(small: SimpleNamespace) -> None:
    actions.change_status(enrollment=small.enrollment, after=Status.PAUSED, actor=small.teacher)
    changes = list(StatusChange.objects.filter(after=Status.PAUSED).values_list("pk", flat=True))
    assert undo(change_ids=changes, actor=small.admin).changed == 0
    small.course.team.all().delete()  # the teacher looks after this course no more
    assert undo(change_ids=changes, actor=small.teacher).changed == 0
    assert school.fresh(small.enrollment).status == Status.PAUSED


def test_the_form_to_enrol_does_not_tell_who_has_an_account(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    mail.outbox.clear()
    said = []
    for email in ("classmate@example.org", "nobody@example.org"):
        data = {"course": small.course.pk, "email": email, "reason": ""}
        answer = client.post(f"{LIST}new/", data)
        page = client.get(LIST).content.decode()
        said.append((answer.status_code, page[page.index("messages") :].count("or invited and enrolled at sign-up")))
    assert said[0] == said[1] == (302, 1)
    assert Enrollment.objects.filter(user=small.classmate, course=small.course).exists()
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.enrols) == ("nobody@example.org", True)
    assert "nobody@example.org" in [message.to[0] for message in mail.outbox]


@pytest.mark.parametrize(
    "address", ["/cms/users/", "/cms/enrollment/enrollment/", "/cms/enrollment/invitation/", "/cms/audit/"]
)
def test_lists_count_and_are_empty_in_words_that_fit_every_language(
    small: SimpleNamespace, visit: Any, address: str
) -> None:
    """“8 люди” and “Нет журнал действий”: Wagtail puts a model's plural where Russian needs other forms."""
    client = visit(small.admin)
    page = client.get(address, headers={"accept-language": "ru"}).content.decode()
    found = client.get(address).context["paginator"].count
    assert ("Всего: " if found else "Здесь пока ничего нет.") in page
    assert not re.search(r"\d+ (?:люди|записи на курсы|приглашения)|Нет (?:журнал|записи|приглашения)", page)
    nothing = client.get(address, {"q": "zzzzzz"}, headers={"accept-language": "ru"}).content.decode()
    assert not re.search(r"Нет (?:люди|журнал|записи|приглашения)", nothing)

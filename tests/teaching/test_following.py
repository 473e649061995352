"""A teacher's pages: who is where, exported and pictured; letters; bulk changes in the CMS."""

import csv
import io
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from openpyxl import load_workbook

from learning.accounts.models import AuditEntry
from learning.base.sheets import safe_cell
from learning.courses.enums import EnrollmentPolicy
from learning.courses.models import CoursePage
from learning.enrollment import deeds
from learning.enrollment.actions import change_statuses, enroll
from learning.enrollment.models import Enrollment, LetterCopy, Seats, StatusChange, StudyGroup
from learning.enrollment.progress import set_done
from learning.enrollment.statuses import SEATED, Status
from learning.teaching.letter_mail import stop_token
from tests import school
from tests.benchmarks.generate_school import generate_school
from tests.test_budgets import queries

LIST = "/cms/enrollment/enrollment/"


def text(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8")


def table(small: SimpleNamespace, query: str = "") -> str:
    return f"/teaching/courses/{small.course.pk}/{query}"


def test_table_tells_who_is_where(small: SimpleNamespace, visit: Any) -> None:
    set_done(enrollment=small.enrollment, lesson=small.lessons[0])
    body = text(visit(small.teacher).get(table(small)))
    assert "student@example.org" in body
    assert "1 of 3" in body
    assert "1/2" in body
    assert "0/1" in body


def test_filters_and_orders(small: SimpleNamespace, visit: Any) -> None:
    other = school.enrolled(small.classmate, small.course)
    ago = timezone.now() - timedelta(days=9)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(last_read_at=ago, percent=33, done=1)
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    Enrollment.objects.filter(pk=other.pk).update(group=group, last_read_at=timezone.now())
    client = visit(small.teacher)

    def names(query: str) -> tuple[bool, bool]:
        body = text(client.get(table(small, query)))
        return "student@example.org" in body, "classmate@example.org" in body

    assert names("?seen=not7") == (True, False)
    assert names("?seen=lately") == (False, True)
    assert names("?share=below_half") == (True, False)
    assert names("?share=nothing") == (False, True)
    assert names(f"?group={group.pk}") == (False, True)
    assert names("?group=none") == (True, False)
    assert names("?q=class+example") == (False, True)
    assert names("?status=paused") == (False, False)
    assert names("?created_at_from=2000-01-01&created_at_to=2001-01-01") == (False, False)
    assert names("?order=zzz&page=999") == (True, True)
    for query in ("?group=99999", "?status=nonsense", "?share=x", "?seen=x", "?only=x"):
        assert names(query) == (False, False)
    for order in ("name", "-name", "progress", "-progress", "seen", "-seen", "group", "status", "since"):
        body = text(client.get(table(small, f"?order={order}")))
        assert "aria-sort" in body or order == "since"
    body = text(client.get(table(small, "?order=-progress")))
    assert body.index("student@example.org") < body.index("classmate@example.org")


def test_export_escapes_formulas_and_streams(small: SimpleNamespace, visit: Any) -> None:
    small.student.display_name = '=HYPERLINK("http://evil.example","x")'
    small.student.save()
    client = visit(small.teacher)
    answer = client.get(table(small, "?export=csv"))
    assert answer.streaming
    rows = list(csv.reader(io.StringIO(text(answer).lstrip("\ufeff"))))
    assert rows[0][:2] == ["Name", "E-mail"]
    assert rows[1][0].startswith("'=HYPERLINK")
    assert rows[1][1] == "student@example.org"
    book = load_workbook(io.BytesIO(b"".join(client.get(table(small, "?export=xlsx")).streaming_content)))
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert cells[1][0].startswith("'=HYPERLINK")
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
    assert "student@example.org" not in text(client.get(table(small, "?export=csv&status=paused")))
    assert visit(small.other_teacher).get(table(small, "?export=csv")).status_code == 404


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_what_looks_like_a_formula_is_made_text(value: str) -> None:
    assert safe_cell(value).startswith("'")


def test_picture_has_its_table_twin(small: SimpleNamespace, visit: Any) -> None:
    set_done(enrollment=small.enrollment, lesson=small.lessons[0])
    body = text(visit(small.teacher).get(table(small, "strip/")))
    assert body.count("strip-done") == 1
    assert 'd="M180 24h12v12h-12z"' in body
    row = re.sub(r"(?<=>)\s+|\s+(?=<)", "", body)
    assert f'<a href="/teaching/students/{small.student.pk}/">Student</a></th><td>done</td>' in row


def test_one_students_page_shows_own_courses_only(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.student, small.other)
    page = f"/teaching/students/{small.student.pk}/"
    assert "Zoology" not in text(visit(small.teacher).get(page))
    both = text(visit(small.admin).get(page))
    assert "Zoology" in both
    assert "Botany" in both
    assert visit(small.teacher).get(f"/teaching/students/{small.stranger.pk}/").status_code == 404


def test_statuses_are_changed_from_the_table(small: SimpleNamespace, visit: Any) -> None:
    foreign = school.enrolled(small.classmate, small.other)
    post = {"enrollment": [small.enrollment.pk, foreign.pk], "after": "paused", "reason": "Holidays", "confirmed": "1"}
    client = visit(small.teacher)
    assert client.post(table(small, "status/"), post).status_code == 302
    assert school.fresh(small.enrollment).status == Status.PAUSED
    assert school.fresh(foreign).status == Status.ACTIVE
    change = StatusChange.objects.get(after=Status.PAUSED)
    assert (change.reason, change.actor) == ("Holidays", small.teacher)
    entry = AuditEntry.objects.get(deed=deeds.STATUS)
    assert (entry.actor, entry.person, entry.facts["after"]) == (small.teacher, small.student, "paused")
    assert client.post(table(small, "status/"), {"after": "nonsense"}).status_code == 302


# --- letters --------------------------------------------------------------------------------


def letter(**changes: str) -> dict[str, str]:
    return {"language": "en", "subject_en": "Next week", "body_en": "We meet on Tuesday.", **changes}


def test_letter_goes_once_to_each_in_their_language(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.classmate, small.course)
    small.classmate.language = "ru"
    small.classmate.save()
    mail.outbox.clear()
    client = visit(small.teacher)
    words = letter(subject_ru="Следующая неделя", body_ru="Встречаемся во вторник.")
    preview = text(client.post(table(small, "letter/"), {**words, "preview": "1"}))
    assert "We meet on Tuesday." in preview
    assert "Встречаемся во вторник." in preview
    assert mail.outbox == []
    for who in (small.student, small.classmate):
        assert stop_token(who) not in preview  # or who writes could stop the letters of a student
    made_up = re.search(r"/letters/stop/[^/]+/", preview)
    assert made_up
    assert client.get(made_up[0]).status_code == 404
    assert client.post(table(small, "letter/"), {**words, "send": "1"}).status_code == 302
    sent = {message.to[0]: message for message in mail.outbox}
    assert len(mail.outbox) == 2
    assert sent["student@example.org"].subject == "Next week"
    assert sent["classmate@example.org"].subject == "Следующая неделя"
    assert (
        "больше не получать" in sent["classmate@example.org"].body.lower()
        or "http" in sent["classmate@example.org"].body
    )
    assert "/letters/stop/" in sent["student@example.org"].extra_headers["List-Unsubscribe"]
    assert LetterCopy.objects.exclude(sent_at=None).count() == 2


def test_sent_letters_are_listed_with_their_words(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    client = visit(small.teacher)
    assert "No letter has been sent" in text(client.get(table(small, "letters/")))
    for n in range(25):
        client.post(table(small, "letter/"), {**letter(subject_en=f"Week {n}"), "send": "1"})
    with django_assert_max_num_queries(14):
        page = text(client.get(table(small, "letters/")))
    assert "Week 24" in page
    assert "Week 1<" not in page
    assert "We meet on Tuesday." in page
    assert "1 of 1 sent" in page
    assert "Week 1<" in text(client.get(table(small, "letters/?page=2")))
    for who in (small.other_teacher, small.student):
        assert visit(who).get(table(small, "letters/")).status_code == 404


def test_letter_follows_the_filter(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.classmate, small.course)
    mail.outbox.clear()
    visit(small.teacher).post(table(small, "letter/?q=classmate"), {**letter(), "send": "1"})
    assert [message.to for message in mail.outbox] == [["classmate@example.org"]]


def test_stopped_letters_do_not_come_but_essential_ones_do(small: SimpleNamespace, visit: Any) -> None:
    link = f"/letters/stop/{stop_token(small.student)}/"
    client = visit()
    assert client.get(link).status_code == 200
    small.student.refresh_from_db()
    assert small.student.course_mail
    assert client.post(link).status_code == 200
    small.student.refresh_from_db()
    assert not small.student.course_mail
    assert client.get("/letters/stop/forged/").status_code == 404
    mail.outbox.clear()
    teacher = visit(small.teacher)
    teacher.post(table(small, "letter/"), {**letter(), "send": "1"})
    assert mail.outbox == []
    teacher.post(table(small, "letter/"), {**letter(), "essential": "on", "send": "1"})
    assert len(mail.outbox) == 1
    assert "List-Unsubscribe" not in mail.outbox[0].extra_headers


def test_letter_needs_words(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    assert client.post(table(small, "letter/"), {"language": "en", "send": "1"}).status_code == 422
    half = client.post(table(small, "letter/"), letter(subject_fr="Bonjour", send="1"))
    assert half.status_code == 422
    assert "We meet on Tuesday." in text(half)
    sneaky = letter(subject_en="Hello\r\nBcc: x@example.org", send="1")
    mail.outbox.clear()
    client.post(table(small, "letter/"), sneaky)
    assert mail.outbox[0].subject == "Hello Bcc: x@example.org"


# --- the CMS --------------------------------------------------------------------------------


def bulk(client: Any, verb: str, query: str, **data: Any) -> Any:
    return client.post(f"/cms/bulk/enrollment/enrollment/{verb}/?{query}", data)


def test_bulk_changes_go_through_the_machine(small: SimpleNamespace, visit: Any) -> None:
    small.course.policy = EnrollmentPolicy.APPROVAL
    school.publish(small.course)
    rows = [enroll(user=school.person(), course=small.course) for _ in range(3)]
    client = visit(small.teacher)
    ids = "&".join(f"id={row.pk}" for row in rows)
    assert client.get(f"/cms/bulk/enrollment/enrollment/approve/?{ids}").status_code == 200
    for verb, after in (
        ("approve", Status.ACTIVE),
        ("pause", Status.PAUSED),
        ("resume", Status.ACTIVE),
        ("remove", Status.REMOVED),
    ):
        assert bulk(client, verb, ids, reason="Because").status_code == 302
        assert set(Enrollment.objects.filter(pk__in=[r.pk for r in rows]).values_list("status", flat=True)) == {after}
    assert StatusChange.objects.filter(reason="Because").count() == 12
    asked = enroll(user=school.person(), course=small.course)
    bulk(client, "decline", f"id={asked.pk}&id={rows[0].pk}")
    assert (school.fresh(asked).status, school.fresh(rows[0]).status) == (Status.DECLINED, Status.REMOVED)


def test_bulk_all_means_the_filtered_list(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.classmate, small.course)
    school.enrolled(small.stranger, small.other)
    client = visit(small.admin)
    bulk(client, "pause", f"id=all&next={LIST}%3Fcourse%3D{small.course.pk}%26q%3Dclassmate")
    paused = Enrollment.objects.filter(status=Status.PAUSED).values_list("user__email", flat=True)
    assert list(paused) == ["classmate@example.org"]


def test_bulk_moves_to_a_group_and_leads_to_the_letter(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    client = visit(small.teacher)
    bulk(client, "move_to_group", f"id={small.enrollment.pk}", group=group.pk)
    assert school.fresh(small.enrollment).group == group
    answer = client.get(f"/cms/bulk/enrollment/enrollment/write_to/?id={small.enrollment.pk}")
    assert answer.url == f"/teaching/courses/{small.course.pk}/letter/?only={small.enrollment.pk}"
    assert "To 1 student" in text(client.get(answer.url))


def test_other_teachers_bulk_finds_nobody(small: SimpleNamespace, visit: Any) -> None:
    for verb in ("approve", "decline", "pause", "resume", "remove", "move_to_group", "write_to"):
        assert bulk(visit(small.other_teacher), verb, f"id={small.enrollment.pk}").status_code == 404
    bulk(visit(small.other_teacher), "pause", f"id=all&next={LIST}")
    assert school.fresh(small.enrollment).status == Status.ACTIVE
    assert "student@example.org" not in text(visit(small.other_teacher).get(f"{LIST}?export=csv"))


def test_cms_filters_search_and_export(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    for query in ("status=active", "seen=never", "share=nothing", f"course={small.course.pk}", "q=student+example"):
        assert "student@example.org" in text(client.get(f"{LIST}?{query}")), query
    for query in ("status=left", "seen=lately", "share=all", f"course={small.other.pk}", "q=nobody"):
        assert "student@example.org" not in text(client.get(f"{LIST}?{query}")), query
    assert "student@example.org" in text(client.get(f"{LIST}?export=csv"))


def test_bulk_tells_who_could_not_be_changed(small: SimpleNamespace) -> None:
    course = school.course(capacity=2, policy=EnrollmentPolicy.APPROVAL)
    rows = [enroll(user=school.person(), course=course) for _ in range(4)]
    outcome = change_statuses(enrollment_ids=[r.pk for r in rows], after=Status.ACTIVE, actor=small.admin)
    assert outcome.changed == 2
    assert set(outcome.refused) == {rows[2].pk, rows[3].pk}
    assert Enrollment.objects.filter(course=course, status__in=SEATED).count() == 2
    assert Seats.objects.get(pk=course.pk).taken == 2


def test_pages_and_lists_keep_to_their_queries(people: SimpleNamespace, visit: Any) -> None:
    generate_school(courses=2, people=20, enrollments=24)
    course = CoursePage.objects.order_by("path")[0]
    client = visit(people.admin)
    paths = [
        f"/teaching/courses/{course.pk}/",
        f"/teaching/courses/{course.pk}/strip/",
        f"/teaching/courses/{course.pk}/groups/",
        "/teaching/",
        LIST,
        f"{LIST}?course={course.pk}",
        "/cms/audit/",
        "/cms/jobs/",
        "/cms/import/",
        "/cms/rights/",
        f"/teaching/students/{Enrollment.objects.filter(course=course)[0].user_id}/",
    ]
    few = {path: queries(client, path) for path in paths}
    generate_school(courses=4, people=150, enrollments=400)
    many = {path: queries(client, path) for path in paths}
    assert max(many.values()) <= 15, many
    assert all(many[path] <= few[path] + 1 for path in paths), (few, many)

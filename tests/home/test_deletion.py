"""Deleting courses, lessons and people: what is said before, what is left after, and who is written down."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone
from wagtail.documents import get_document_model

from chat.rooms.access import standing_in
from chat.rooms.actions import open_course_room
from chat.rooms.membership import rooms_of
from chat.rooms.seats import unread_of
from learning.accounts.models import AuditEntry
from learning.courses.models import CoursePage
from learning.enrollment import deeds
from learning.enrollment.models import Completion, Enrollment, FormerCourse, Invitation, Position, StudyGroup
from learning.enrollment.statuses import Status
from learning.exchange.models import CourseImport
from learning.exchange.undoing import undo_import
from tests import school
from tests.chat.conftest import say, with_group


@pytest.fixture
def group(small: SimpleNamespace) -> SimpleNamespace:
    return with_group(small)


def asked(client: Any, page: Any) -> str:
    return client.get(f"/cms/pages/{page.pk}/delete/").content.decode()


def test_deleting_a_course_says_what_goes_with_it(group: SimpleNamespace, visit: Any) -> None:
    open_course_room(course=group.course, actor=group.teacher)
    Enrollment.objects.filter(user=group.classmate).update(status=Status.COMPLETED)
    Completion.objects.create(user=group.student, lesson_id=group.lessons[0].pk)
    Position.objects.create(user=group.student, course_id=group.course.pk, lesson_id=group.lessons[0].pk)
    said = asked(visit(group.admin), group.course)
    for words in (
        "1 student takes it now.",
        "1 student has completed it",
        "2 study groups are closed.",
        "3 chat rooms are closed",
        "1 record of a lesson done",
        "1 student loses their place.",
    ):
        assert words in said
    bulk = visit(group.admin).get(f"/cms/bulk/wagtailcore/page/delete/?id={group.course.pk}").content.decode()
    assert "3 chat rooms are closed" in bulk


def test_deleting_a_lesson_counts_its_own_progress_only(group: SimpleNamespace, visit: Any) -> None:
    for lesson in group.lessons:
        Completion.objects.create(user=group.student, lesson_id=lesson.pk)
    said = asked(visit(group.admin), group.lessons[0])
    assert "1 record of a lesson done" in said
    assert "student takes it" not in said
    assert "3 records of lessons done" in asked(visit(group.admin), group.course)


def test_the_question_has_few_queries(group: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        school.lesson(group.modules[0], f"More {n}")
    client = visit(group.admin)
    asked(client, group.course)
    with django_assert_max_num_queries(45):
        asked(client, group.course)


def delete(client: Any, page: Any) -> None:
    data = {"confirm_site_name": "Parta"}
    assert client.post(f"/cms/pages/{page.pk}/delete/", data).status_code == 302


def test_rooms_of_a_deleted_course_are_closed_to_all_but_moderators(group: SimpleNamespace, visit: Any) -> None:
    room = open_course_room(course=group.course, actor=group.teacher)
    say(group.student, group.room, "Chestnut")
    delete(visit(group.admin), group.course)
    for closed in (room, group.room):
        for who in (group.student, group.teacher, group.editor):
            assert not standing_in(who, closed).is_member
            assert visit(who).get(f"/chat/{closed.pk}/").status_code == 404
            assert visit(who).get(f"/api/v1/chat/rooms/{closed.pk}/messages").status_code == 404
        seen = standing_in(group.moderator, closed)
        assert (seen.is_member, seen.is_over) == (True, True)
        assert visit(group.moderator).get(f"/chat/{closed.pk}/").status_code == 200
    assert unread_of(group.student) == []
    assert not rooms_of(group.teacher).exists()
    assert "Chestnut" not in visit(group.student).get("/chat/search/?q=Chest").content.decode()
    assert "Chestnut" in visit(group.moderator).get(f"/chat/{group.room.pk}/").content.decode()


def test_nobody_writes_in_a_room_of_a_deleted_course(group: SimpleNamespace, visit: Any) -> None:
    delete(visit(group.admin), group.course)
    for who in (group.moderator, group.student):
        answer = visit(who).post(
            f"/api/v1/chat/rooms/{group.room.pk}/messages", {"text": "Still here"}, content_type="application/json"
        )
        assert answer.status_code in {403, 404, 409}
    assert not group.room.messages.exists()


def test_my_learning_keeps_a_completed_course_as_a_line(group: SimpleNamespace, visit: Any) -> None:
    day = timezone.now() - timedelta(days=40)
    Enrollment.objects.filter(user=group.classmate).update(status=Status.COMPLETED, completed_at=day)
    delete(visit(group.admin), group.course)
    line = visit(group.classmate).get("/me/").content.decode()
    assert "No longer offered" in line
    assert "Botany" in line
    assert "Botany" not in visit(group.student).get("/me/").content.decode()


def test_a_completed_course_that_is_unpublished_is_a_line_too(group: SimpleNamespace, visit: Any) -> None:
    Enrollment.objects.filter(user=group.classmate).update(status=Status.COMPLETED)
    school.fresh(group.course).unpublish()
    line = visit(group.classmate).get("/me/").content.decode()
    assert "No longer offered" in line
    assert "Botany" in line


def test_the_audit_log_names_who_deleted_what_once(
    group: SimpleNamespace, visit: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    Invitation.objects.create(course=group.course, email="guest@example.org")
    with django_capture_on_commit_callbacks(execute=True):
        delete(visit(group.admin), group.lessons[0])
    with django_capture_on_commit_callbacks(execute=True):
        delete(visit(group.admin), group.course)
    entries = AuditEntry.objects.filter(deed=deeds.PAGE).order_by("pk")
    assert [(entry.actor, entry.facts["page"]) for entry in entries] == [
        (group.admin, "Green"),
        (group.admin, "Botany"),
    ]
    assert FormerCourse.objects.get(course_id=group.course.pk).title == "Botany"
    assert not Invitation.objects.exists()
    log = visit(group.admin).get("/cms/audit/").content.decode()
    assert "Deleted; course: “Botany”" in log
    assert "Deleted; lesson: “Green”" in log


def test_deleting_a_catalogue_is_one_entry_too(group: SimpleNamespace, django_capture_on_commit_callbacks: Any) -> None:
    catalog = group.course.get_parent().specific
    with django_capture_on_commit_callbacks(execute=True):
        catalog.delete(user=group.admin)
    (entry,) = AuditEntry.objects.filter(deed=deeds.PAGE)
    assert (entry.actor, entry.facts["page"], entry.facts["kind"]) == (group.admin, catalog.title, "CatalogPage")


def test_the_bulk_question_has_few_queries(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    pages = [school.lesson(small.modules[0], f"More {n}") for n in range(15)]
    people = [school.person() for _n in range(15)]
    client = visit(small.admin)
    for kind, things, most in (("wagtailcore/page", pages, 60), ("accounts/user", people, 120)):
        asked = f"/cms/bulk/{kind}/delete/?{'&'.join(f'id={thing.pk}' for thing in things)}"
        client.get(asked)
        with django_assert_max_num_queries(most) as counted:
            assert client.get(asked).status_code == 200
        print(kind, len(counted))


def test_an_alias_is_not_unpublished_in_silence(small: SimpleNamespace, visit: Any) -> None:
    alias = small.lessons[0].create_alias(parent=small.modules[1], user=small.admin)
    assert alias.live
    for words in (asked(visit(small.admin), small.lessons[0]), asked(visit(small.admin), small.modules[0])):
        assert "is an alias of a page here and is unpublished with it" in words
    question = visit(small.admin).get(f"/cms/pages/{small.lessons[0].pk}/unpublish/").content.decode()
    assert "is an alias of a page here and is unpublished with it" in question
    assert "alias" not in asked(visit(small.admin), small.course)  # it goes with the course itself


def test_deleting_a_person_says_what_they_leave(group: SimpleNamespace, visit: Any) -> None:
    say(group.teacher, group.room)
    file = school.stored(of=group.course)
    get_document_model().objects.filter(pk=file.pk).update(uploaded_by_user=group.teacher)
    day = timezone.localtime(timezone.now() + timedelta(days=14))
    for address in (f"/cms/users/delete/{group.teacher.pk}/", f"/cms/bulk/accounts/user/delete/?id={group.teacher.pk}"):
        said = visit(group.admin).get(address).content.decode()
        for words in (
            "They are on the team of “Botany”",
            "Left without a teacher of their own: “Autumn”",
            "1 message in chats stays",
            "1 picture or file",
            f"{day.day} {day:%B}",
            "can be cancelled",
        ):
            assert words in said
    client = visit(group.admin)
    answer = client.post(f"/cms/users/delete/{group.teacher.pk}/", follow=True).content.decode()
    assert "until then that can be cancelled" in answer
    assert f"{day.day} {day:%B}" in answer


def test_a_group_left_without_a_teacher_is_shown(group: SimpleNamespace, visit: Any) -> None:
    visit(group.admin).post(f"/cms/users/delete/{group.teacher.pk}/")
    for address in ("/cms/enrollment/studygroup/", f"/teaching/courses/{group.course.pk}/groups/"):
        said = visit(group.admin).get(address).content.decode()
        assert said.count("no teacher of its own any more") == 1
        assert said.count("⚠") == 2  # the other group names nobody, and the course has no team left
    assert StudyGroup.objects.get(pk=group.group.pk).teachers.count() == 1


def test_what_the_system_takes_away_is_nobodys_deed(
    small: SimpleNamespace, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    course = school.course("Half imported")
    school.lesson(school.module(course), "Half a lesson")
    with django_capture_on_commit_callbacks(execute=True):
        undo_import(CourseImport.objects.create(course_id=course.pk, filename="x"))
    assert not CoursePage.objects.filter(pk=course.pk).exists()
    assert not AuditEntry.objects.exists()
    assert not FormerCourse.objects.exists()

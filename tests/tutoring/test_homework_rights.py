"""Homework is for who takes part, shows only what its reader may read, and no button loses what was typed."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from learning.enrollment.actions import change_status
from learning.enrollment.models import StudyGroup
from learning.enrollment.statuses import Status
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework import actions
from learning.tutoring.homework.actions import Item, give_homework
from learning.tutoring.models import AttemptFile, HomeworkCopy, Project
from learning.tutoring.models.homework import HomeworkState
from learning.tutoring.projects.actions import join, leave
from tests.school import path_of
from tests.tutoring.making import project
from tests.tutoring.test_homework import fresh, given


@pytest.fixture
def copy(english: Project, people: SimpleNamespace) -> HomeworkCopy:
    return given(english, people.student)


@pytest.fixture
def of_group(small: SimpleNamespace) -> HomeworkCopy:
    """Homework of a study group of a course."""
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    small.enrollment.group = group
    small.enrollment.save()
    give_homework(
        teacher=small.teacher, title="Read", items=[Item("text", text="Chapter")], students=[small.student], group=group
    )
    return HomeworkCopy.objects.get()


def test_a_lesson_that_the_teacher_may_not_read_is_as_one_that_is_not_there(small: SimpleNamespace, visit: Any) -> None:
    own = project(small.other_teacher, small.student)
    path = f"/tutoring/projects/{own.pk}/homework/"
    form = {"title": "Read", "due": "none", "students": [small.student.pk]}
    client = visit(small.other_teacher)
    answers = [
        client.post(path, {**form, "page": page}).content.decode() for page in (path_of(small.lessons[0]), "/nowhere/")
    ]
    errors = [page.partition('class="error')[2].partition("</")[0] for page in answers]
    assert errors[0]
    assert errors[0] == errors[1]
    assert not HomeworkCopy.objects.exists()


def test_a_lesson_page_is_named_to_who_may_read_it(small: SimpleNamespace, visit: Any) -> None:
    own = project(small.teacher, small.student, small.stranger)
    give_homework(
        teacher=small.teacher, title="Read", project=own, students=[small.student, small.stranger],
        items=[Item("page", object_id=small.lessons[0].pk)],
    )  # fmt: skip
    link = path_of(small.lessons[0])
    pages = {
        copy.student_id: visit(copy.student).get(copy.get_absolute_url()).content.decode()
        for copy in HomeworkCopy.objects.select_related("student")
    }
    assert link in pages[small.student.pk]
    # is not enrolled in the course
    assert link not in pages[small.stranger.pk]
    assert small.lessons[0].title not in pages[small.stranger.pk]


def test_who_was_removed_from_a_course_has_lost_its_homework(
    of_group: HomeworkCopy, small: SimpleNamespace, visit: Any
) -> None:
    path = of_group.get_absolute_url()
    student = of_group.student
    assert visit(student).get(path).status_code == 200
    change_status(enrollment=student.enrollments.get(), after=Status.REMOVED, actor=small.admin)
    assert visit(student).get(path).status_code == 404
    assert visit(student).post(path, {"text": "x", "hand_in": "1"}).status_code == 404
    with pytest.raises(TutoringError) as error:
        actions.hand_in(copy=of_group, text="Kept")
    assert error.value.code == "ended"
    assert (fresh(of_group).state, fresh(of_group).draft) == (HomeworkState.GIVEN, "Kept")
    assert actions.remind(homework=of_group.homework) == 0


def test_who_has_left_a_project_hands_in_nothing_and_is_not_reminded(
    english: Project, people: SimpleNamespace, visit: Any
) -> None:
    join(project=english, person=people.classmate)
    given(english, people.student, people.classmate)
    left = HomeworkCopy.objects.get(student=people.classmate)
    leave(row=english.students.get(student=people.classmate))
    answer = visit(people.classmate).post(left.get_absolute_url(), {"text": "Too late", "hand_in": "1"})
    assert answer.status_code == 422
    assert (fresh(left).state, fresh(left).draft) == (HomeworkState.GIVEN, "Too late")
    assert actions.remind(homework=left.homework) == 1


def test_taking_a_file_out_keeps_what_was_typed(copy: HomeworkCopy, people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.student)
    client.post(copy.get_absolute_url(), {"text": "", "file": SimpleUploadedFile("letter.txt", b"Dear")})
    file = AttemptFile.objects.get()
    client.post(f"/homework/files/{file.key}/remove/", {"text": "Typed since"})
    assert not AttemptFile.objects.exists()
    assert fresh(copy).draft == "Typed since"


def test_reading_an_answer_changes_nothing_and_saying_so_does(
    copy: HomeworkCopy, people: SimpleNamespace, visit: Any
) -> None:
    actions.hand_in(copy=copy, text="One")
    client = visit(people.teacher)
    page = client.get(f"/teaching/homework/{copy.pk}/").content.decode()
    assert f'data-opened="/teaching/homework/{copy.pk}/opened/" data-attempt="1"' in page
    assert fresh(copy).opened_at is None
    actions.take_back(copy=copy)
    actions.hand_in(copy=copy, text="Two")
    # the tab shows the first attempt, which was taken back since
    client.post(f"/teaching/homework/{copy.pk}/opened/", {"attempt": "1"})
    assert fresh(copy).opened_at is None
    for wrong in ("", "x", "0", "9" * 30):
        assert client.post(f"/teaching/homework/{copy.pk}/opened/", {"attempt": wrong}).status_code == 200
    assert fresh(copy).opened_at is None
    client.post(f"/teaching/homework/{copy.pk}/opened/", {"attempt": "2"})
    assert fresh(copy).opened_at is not None


def test_a_comment_on_an_attempt_that_was_replaced_is_kept_for_the_new_one(
    copy: HomeworkCopy, people: SimpleNamespace, visit: Any
) -> None:
    actions.hand_in(copy=copy, text="One")
    actions.take_back(copy=copy)
    actions.hand_in(copy=copy, text="Two")
    path = f"/teaching/homework/{copy.pk}/"
    answer = visit(people.teacher).post(path, {"attempt": "1", "comment": "Well done", "accept": "1"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Well done" in page
    assert "Two" in page
    assert 'name="attempt" value="2"' in page
    assert fresh(copy).state == HomeworkState.HANDED_IN


@pytest.mark.parametrize(("draft", "then"), [("", "Sent"), ("Sent", "Sent"), ("Other", "Other\n\nSent")])
def test_taking_back_joins_only_another_draft(copy: HomeworkCopy, draft: str, then: str) -> None:
    actions.hand_in(copy=copy, text="Sent")
    actions.save_draft(copy=copy, text=draft)
    assert actions.take_back(copy=copy).draft == then


def test_who_looks_after_all_courses_reads_no_private_homework(practice: SimpleNamespace, visit: Any) -> None:
    client = visit(practice.registrar)
    for path in (f"/teaching/homework/{practice.copy.pk}/", practice.file.url, "/teaching/homework/"):
        assert client.get(path).status_code == 404, path


def test_homework_beyond_one_page_is_found(english: Project, people: SimpleNamespace, visit: Any) -> None:
    for number in range(35):
        give_homework(
            teacher=people.teacher, title=f"Letter no. {number}.", items=[], students=[people.student], project=english
        )
    client = visit(people.student)
    pages = "".join(client.get(f"/homework/?page={number}").content.decode() for number in (1, 2))
    assert all(f"Letter no. {number}." in pages for number in range(35))

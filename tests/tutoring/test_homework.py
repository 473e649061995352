"""Homework: given, handed in, taken back, answered; nothing typed is ever lost."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from learning.enrollment.models import StudyGroup
from learning.tutoring.errors import TutoringError
from learning.tutoring.homework import actions
from learning.tutoring.homework.actions import Item
from learning.tutoring.models import AttemptFile, By, Homework, HomeworkCopy, Project
from learning.tutoring.models.homework import HomeworkState
from learning.tutoring.schedule.changing import cancel_lesson, move_lesson
from tests.tutoring.making import coming_lesson, project

STATE = HomeworkState


@pytest.fixture
def copy(english: Project, people: SimpleNamespace) -> HomeworkCopy:
    return given(english, people.student)


def given(of: Project, *students: Any, **facts: Any) -> HomeworkCopy:
    homework = actions.give_homework(
        teacher=of.teacher, title="Letter", items=[Item("text", text="Write")], students=students, project=of, **facts
    )
    return HomeworkCopy.objects.filter(homework=homework).order_by("pk")[0]


def fresh(copy: HomeworkCopy) -> HomeworkCopy:
    return HomeworkCopy.objects.select_related("homework").get(pk=copy.pk)


def test_homework_goes_through_its_states(copy: HomeworkCopy) -> None:
    attempt = actions.hand_in(copy=copy, text="First")
    assert fresh(copy).state == STATE.HANDED_IN
    actions.answer(copy=copy, state=STATE.RETURNED, attempt_number=attempt.number, comment="More, please")
    assert fresh(copy).is_to_do
    second = actions.hand_in(copy=copy, text="Second")
    actions.answer(copy=copy, state=STATE.ACCEPTED, attempt_number=second.number, points=4, mark="B")
    done = fresh(copy)
    assert (done.state, done.points, done.mark) == (STATE.ACCEPTED, 4, "B")
    assert [one.comment for one in done.attempts.all()] == ["More, please", ""]


def test_the_same_text_from_two_tabs_is_one_attempt(copy: HomeworkCopy) -> None:
    first, second = (actions.hand_in(copy=copy, text="Same") for _tab in range(2))
    assert first == second
    with pytest.raises(TutoringError) as error:
        actions.hand_in(copy=copy, text="Another")
    assert error.value.code == "handed_in"
    assert fresh(copy).draft == "Another"


def test_it_is_taken_back_until_the_teacher_looks(copy: HomeworkCopy) -> None:
    actions.hand_in(copy=copy, text="Oh")
    actions.take_back(copy=copy)
    taken = fresh(copy)
    assert (taken.state, taken.draft) == (STATE.GIVEN, "Oh")
    actions.hand_in(copy=copy, text="Better")
    actions.open_for_marking(copy=copy, attempt_number=fresh(copy).last_attempt.number)
    with pytest.raises(TutoringError) as error:
        actions.take_back(copy=copy)
    assert error.value.code == "opened"


def test_what_was_returned_is_returned_again_when_taken_back(copy: HomeworkCopy) -> None:
    attempt = actions.hand_in(copy=copy, text="One")
    actions.answer(copy=copy, state=STATE.RETURNED, attempt_number=attempt.number)
    actions.hand_in(copy=copy, text="Two")
    assert actions.take_back(copy=copy).state == STATE.RETURNED


def test_an_answer_to_an_attempt_that_was_changed_meanwhile_is_refused(copy: HomeworkCopy) -> None:
    attempt = actions.hand_in(copy=copy, text="One")
    actions.take_back(copy=copy)
    with pytest.raises(TutoringError):
        actions.answer(copy=copy, state=STATE.ACCEPTED, attempt_number=attempt.number)
    actions.hand_in(copy=copy, text="Two")
    with pytest.raises(TutoringError) as error:
        actions.answer(copy=copy, state=STATE.ACCEPTED, attempt_number=attempt.number)
    assert error.value.code == "changed"
    assert fresh(copy).state == STATE.HANDED_IN


def test_closed_homework_keeps_what_is_typed(copy: HomeworkCopy) -> None:
    attempt = actions.hand_in(copy=copy, text="One")
    actions.answer(copy=copy, state=STATE.ACCEPTED, attempt_number=attempt.number)
    with pytest.raises(TutoringError) as error:
        actions.hand_in(copy=copy, text="Too late")
    assert error.value.code == "closed"
    assert fresh(copy).draft == "Too late"


def test_nothing_is_handed_in_after_the_end_of_the_project(copy: HomeworkCopy) -> None:
    Project.objects.update(state=Project.State.ENDED)
    with pytest.raises(TutoringError) as error:
        actions.hand_in(copy=copy, text="Late")
    assert error.value.code == "ended"
    assert fresh(copy).draft == "Late"


@pytest.mark.parametrize("text", ["", "  \n", "x" * 20_001])
def test_empty_and_endless_answers_are_refused(copy: HomeworkCopy, text: str) -> None:
    with pytest.raises(TutoringError):
        actions.hand_in(copy=copy, text=text)
    assert not copy.attempts.exists()


def test_homework_is_due_at_the_next_lesson_and_moves_with_it(english: Project, people: SimpleNamespace) -> None:
    first, second = coming_lesson(english, hours=30), coming_lesson(english, hours=60)
    copy = given(english, people.student)
    assert fresh(copy).homework.due_at == first.starts_at
    later = first.starts_at + timedelta(hours=2)
    move_lesson(lesson=first, starts_at=later, minutes=60, actor=english.teacher)
    assert fresh(copy).homework.due_at == later
    cancel_lesson(lesson=first, by=By.TEACHER, actor=english.teacher)
    assert fresh(copy).homework.due_at == second.starts_at
    cancel_lesson(lesson=second, by=By.TEACHER, actor=english.teacher)
    assert fresh(copy).homework.due_at == second.starts_at  # there is no next one: it stays


def test_late_follows_from_the_instant_that_was_due(english: Project, people: SimpleNamespace) -> None:
    now = timezone.now()
    late = given(english, people.student, due_at=now - timedelta(hours=1))
    in_time = given(english, people.student, due_at=now + timedelta(hours=1))
    never = given(english, people.student, due_next=False)
    assert [fresh(copy).is_late for copy in (late, in_time, never)] == [True, False, False]
    actions.hand_in(copy=in_time, text="Done")
    Homework.objects.filter(pk=in_time.homework_id).update(due_at=now - timedelta(hours=2))
    assert fresh(in_time).is_late
    actions.excuse(copy=late)
    assert not fresh(late).is_late


def test_homework_is_for_students_of_the_project_only(english: Project, people: SimpleNamespace) -> None:
    for students in ([], [people.stranger], [people.student, people.stranger]):
        with pytest.raises(TutoringError):
            given(english, *students)
    assert not Homework.objects.exists()


def test_a_study_group_of_a_course_gets_homework_too(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    small.enrollment.group = group
    small.enrollment.save()
    client = visit(small.teacher)
    form = {"title": "Read", "due": "none", "students": [small.student.pk]}
    assert visit(small.other_teacher).get(f"/teaching/groups/{group.pk}/homework/").status_code == 404
    assert client.post(f"/teaching/groups/{group.pk}/homework/", form).status_code == 302
    copy = HomeworkCopy.objects.get()
    assert copy.student == small.student
    assert visit(small.student).get(copy.get_absolute_url()).status_code == 200
    actions.hand_in(copy=copy, text="Read it")
    assert client.get(f"/teaching/homework/{copy.pk}/").status_code == 200
    assert visit(small.other_teacher).get(f"/teaching/homework/{copy.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("name", "data"), [("empty.txt", b""), ("evil.html", b"<script>"), ("fake.png", b"no picture"), ("a.exe", b"MZ")]
)
def test_forbidden_files_are_refused_and_the_text_stays(
    copy: HomeworkCopy, people: SimpleNamespace, visit: Any, name: str, data: bytes
) -> None:
    client = visit(people.student)
    form = {"text": "My text", "hand_in": "1", "file": SimpleUploadedFile(name, data)}
    answer = client.post(copy.get_absolute_url(), form)
    # Django itself leaves out a file of 0 bytes as if none was chosen: then the text alone is handed in
    if data:
        assert answer.status_code == 422
        assert fresh(copy).draft == "My text"
        assert fresh(copy).state == STATE.GIVEN
    assert not AttemptFile.objects.exists()


def test_files_are_handed_in_with_the_text_and_read_by_three(
    copy: HomeworkCopy, people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.student)
    client.post(copy.get_absolute_url(), {"text": "", "file": SimpleUploadedFile("letter.txt", b"Dear")})
    file = AttemptFile.objects.get()
    assert visit(people.teacher).get(file.url).status_code == 404  # not handed in yet
    client.post(copy.get_absolute_url(), {"text": "", "hand_in": "1"})
    reads = {name: visit(getattr(people, name)).get(file.url).status_code for name in vars(people)}
    assert {name for name, status in reads.items() if status == 200} == {"student", "teacher", "admin"}
    assert set(reads.values()) == {200, 404}
    assert client.post(f"/homework/files/{file.key}/remove/").status_code == 404


def test_a_draft_is_kept_while_it_is_typed(copy: HomeworkCopy, people: SimpleNamespace, visit: Any) -> None:
    path = f"/homework/{copy.pk}/draft/"
    assert visit(people.student).post(path, {"text": "Half a sen"}).status_code == 200
    assert "Half a sen" in visit(people.student).get(copy.get_absolute_url()).content.decode()
    assert visit(people.classmate).post(path, {"text": "x"}).status_code == 404


def test_the_teacher_goes_from_one_to_the_next(english: Project, people: SimpleNamespace, visit: Any) -> None:
    copies = [given(english, people.student) for _each in range(3)]
    for copy in copies:
        actions.hand_in(copy=copy, text="Done")
    client = visit(people.teacher)
    page = client.get(f"/teaching/homework/{copies[1].pk}/").content.decode()
    assert f"/teaching/homework/{copies[0].pk}/" in page
    assert f"/teaching/homework/{copies[2].pk}/" in page
    answer = client.post(f"/teaching/homework/{copies[0].pk}/", {"attempt": 1, "accept": "1"})
    assert answer.headers["Location"] == f"/teaching/homework/{copies[1].pk}/"
    answer = client.post(f"/teaching/homework/{copies[2].pk}/", {"attempt": 1, "return": "1", "comment": "More"})
    assert fresh(copies[2]).state == STATE.RETURNED


def test_reminders_go_to_who_has_not_handed_in_and_not_every_minute(
    english: Project, people: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    from learning.tutoring.projects.actions import join

    join(project=english, person=people.classmate)
    copy = given(english, people.student, people.classmate)
    actions.hand_in(copy=HomeworkCopy.objects.get(student=people.student), text="Done")
    assert actions.remind(homework=copy.homework) == 1
    with pytest.raises(TutoringError):
        actions.remind(homework=copy.homework)


def test_homework_belongs_to_one_project_or_group(people: SimpleNamespace) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Homework.objects.create(title="x", teacher=people.teacher)


def test_a_lesson_of_a_course_is_given_by_its_address(small: SimpleNamespace, visit: Any) -> None:
    from tests.school import path_of

    english = project(small.teacher, small.student)
    form = {"title": "Read", "due": "none", "students": [small.student.pk], "page": path_of(small.lessons[0])}
    path = f"/tutoring/projects/{english.pk}/homework/"
    assert visit(small.teacher).post(path, form).status_code == 302
    copy = HomeworkCopy.objects.get()
    assert path_of(small.lessons[0]) in visit(small.student).get(copy.get_absolute_url()).content.decode()
    wrong = visit(small.teacher).post(path, {**form, "page": "/nowhere/"})
    assert wrong.status_code == 422

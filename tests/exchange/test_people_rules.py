"""Rules of importing people that few tables meet: places of groups, two tables at once, languages, columns."""

from types import SimpleNamespace
from typing import Any

from learning.accounts.models import User
from learning.enrollment.actions import change_status
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people.rows import guess_columns
from tests import school
from tests.exchange.test_people_import import PAGE, checked, outcomes


def test_places_of_a_group_are_counted_in_the_dry_run(small: SimpleNamespace, visit: Any) -> None:
    """Who is in it counts, and who is to come; no place is counted for a row that is refused for another reason."""
    group = StudyGroup.objects.create(course=small.course, name="Autumn", capacity=2)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=group)
    left = school.enrolled(small.moderator, small.course)
    change_status(enrollment=left, after=Status.REMOVED, actor=small.admin)
    Enrollment.objects.filter(pk=left.pk).update(status=Status.LEFT)
    table = (
        "email,course,group\n"
        "student@example.org,Botany,Autumn\n"
        "moderator@example.org,Botany,Autumn\n"
        "stranger@example.org,Botany,\n"
        "classmate@example.org,Botany,Autumn\n"
        "editor@example.org,Botany,Autumn\n"
    )
    run = checked(visit(small.admin), table)
    assert outcomes(run) == {
        "student@example.org": "skip",
        "moderator@example.org": "wrong",
        "stranger@example.org": "create",
        "classmate@example.org": "create",
        "editor@example.org": "wrong",
    }
    assert "Autumn" in ImportRow.objects.get(run=run, email="editor@example.org").said


def test_two_tables_of_one_person_are_two(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    first = checked(client, "email,course\nstranger@example.org,Botany\n")
    second = checked(client, "email,course\nclassmate@example.org,Botany\nnobody@example.org,Botany\n")
    assert ImportRun.objects.get(pk=first.pk).total == 1
    client.post(f"{PAGE}{second.pk}/start/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.finished_at, second.state) == (ImportRun.State.CHECKED, None, ImportRun.State.DONE)
    assert outcomes(first) == {"stranger@example.org": "create"}
    assert not Enrollment.objects.filter(user=small.stranger).exists()


def test_rows_are_told_in_the_language_of_who_imports(small: SimpleNamespace, visit: Any) -> None:
    User.objects.filter(pk=small.admin.pk).update(language="fr")
    client = visit(school.fresh(small.admin))
    run = checked(client, "email,course\nno address,Botany\n")
    assert "adresse" in ImportRow.objects.get(run=run).said


def test_a_column_is_guessed_for_one_thing_only() -> None:
    assert guess_columns([" E-Mail ", "Name", "name", "Course"]) == {"email": 0, "name": 1, "course": 3}
    assert guess_columns(["Something", ""]) == {}

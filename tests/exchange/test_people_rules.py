"""Rules of importing people that few tables meet: places of groups, two tables at once, languages, columns."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from learning.accounts.models import User
from learning.enrollment.actions import change_status
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.statuses import Status
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people.importing import KEPT_DAYS, check, forget, forget_old_imports
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


def test_a_dry_run_leaves_an_import_that_is_carried_out_in_its_state(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    first = checked(client, "email,course\nstranger@example.org,Botany\n")
    client.post(f"{PAGE}{first.pk}/start/")
    second = checked(client, "email,course\nclassmate@example.org,Botany\n")
    assert (school.fresh(first).state, second.state) == (ImportRun.State.DONE, ImportRun.State.CHECKED)


def test_a_dry_run_that_is_asked_for_twice_undoes_nothing_of_the_import(small: SimpleNamespace, visit: Any) -> None:
    """Its job comes once more when the table has been carried out: the rows keep what has become of them."""
    client = visit(small.admin)
    run = checked(client, "email,course\nstranger@example.org,Botany\n")
    client.post(f"{PAGE}{run.pk}/start/")
    assert check(run_id=run.pk) == 0
    assert school.fresh(run).state == ImportRun.State.DONE
    assert outcomes(run) == {"stranger@example.org": "create"}


def test_rows_are_told_in_the_language_of_who_imports(small: SimpleNamespace, visit: Any) -> None:
    """In the dry run and in the real one, which writes every row anew."""
    User.objects.filter(pk=small.admin.pk).update(language="fr")
    client = visit(school.fresh(small.admin))
    run = checked(client, "email,course\nno address,Botany\nstranger@example.org,Botany\n")
    assert "adresse" in ImportRow.objects.get(run=run, number=2).said
    client.post(f"{PAGE}{run.pk}/start/")
    assert school.fresh(run).state == ImportRun.State.DONE
    assert "adresse" in ImportRow.objects.get(run=run, number=2).said


def test_a_column_is_guessed_for_one_thing_only() -> None:
    assert guess_columns([" E-Mail ", "Name", "name", "Course"]) == {"email": 0, "name": 1, "course": 3}
    assert guess_columns(["Something", ""]) == {}


def test_rows_that_are_shorter_than_the_headings_are_read(small: SimpleNamespace, visit: Any) -> None:
    run = checked(visit(small.admin), "email,name,course,group\nstranger@example.org,,Botany\nclassmate@example.org\n")
    assert outcomes(run) == {"stranger@example.org": "create", "classmate@example.org": "wrong"}


def test_a_course_that_is_not_there_or_not_one_s_own_is_named_in_the_row(small: SimpleNamespace, visit: Any) -> None:
    run = checked(visit(small.admin), "email,course\nstranger@example.org,Alchemy\nclassmate@example.org,\n")
    said = dict(ImportRow.objects.filter(run=run).values_list("email", "said"))
    assert outcomes(run) == {"stranger@example.org": "wrong", "classmate@example.org": "wrong"}
    assert "Alchemy" in said["stranger@example.org"]
    assert said["classmate@example.org"] != said["stranger@example.org"]


def test_forgetting_a_person_deletes_their_imports_and_their_name_in_those_of_others(
    small: SimpleNamespace, visit: Any
) -> None:
    table = "email,course\nstranger@example.org,Botany\nclassmate@example.org,Botany\n"
    mine, theirs = (checked(visit(small.admin), table) for _time in range(2))
    ImportRun.objects.filter(pk=theirs.pk).update(owner=small.stranger)
    forget(small.stranger)
    assert list(ImportRun.objects.all()) == [mine]
    assert mine.file.storage.exists(mine.file.name)
    assert not theirs.file.storage.exists(theirs.file.name)
    emails = ImportRow.objects.filter(run=mine).order_by("number").values_list("email", flat=True)
    assert list(emails) == ["", "classmate@example.org"]


def test_old_imports_go_with_their_files(small: SimpleNamespace, visit: Any) -> None:
    old, new = (checked(visit(small.admin), "email,course\nstranger@example.org,Botany\n") for _time in range(2))
    ImportRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=KEPT_DAYS, minutes=1))
    ImportRun.objects.filter(pk=new.pk).update(created_at=timezone.now() - timedelta(days=KEPT_DAYS - 1))
    assert forget_old_imports() == 1
    assert list(ImportRun.objects.all()) == [new]
    assert new.file.storage.exists(new.file.name)
    assert not old.file.storage.exists(old.file.name)
    assert not ImportRow.objects.filter(run_id=old.pk).exists()

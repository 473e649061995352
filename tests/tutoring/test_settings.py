"""What a teacher sets for all of their projects: kinds of lessons, policies, and the time zone."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from learning.tutoring.models import Lesson, LessonKind, Policy, PolicyVersion, Project
from learning.tutoring.money.policies import save_policy
from learning.tutoring.web.settings_views import MOST_KINDS
from tests.tutoring.making import project, weekly

PROFILE = {"display_name": "Teacher", "language": "en", "theme": "auto"}


def test_kinds_of_ones_own_are_added_used_and_deleted(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.teacher)
    assert client.post("/tutoring/kinds/", {"name": "Exam <b>"}).status_code == 302
    kind = LessonKind.objects.get(owner=people.teacher)
    assert "Exam &lt;b&gt;" in client.get("/tutoring/kinds/").content.decode()
    other = visit(people.other_teacher)
    assert "Exam" not in other.get("/tutoring/kinds/").content.decode()
    assert other.post(f"/tutoring/kinds/{kind.pk}/delete/").status_code == 404
    own = project(people.teacher, people.student)
    assert "Exam" in client.get(f"/tutoring/projects/{own.pk}/edit/").content.decode()
    own.kinds.add(kind)
    assert client.post(f"/tutoring/kinds/{kind.pk}/delete/").status_code == 302
    assert not LessonKind.objects.filter(owner=people.teacher).exists()
    assert Project.objects.filter(pk=own.pk).exists()


def test_kinds_of_everyone_are_not_deleted_by_a_teacher(people: SimpleNamespace, visit: Any) -> None:
    kind = LessonKind.objects.filter(owner=None)[0]
    assert visit(people.teacher).post(f"/tutoring/kinds/{kind.pk}/delete/").status_code == 404
    assert LessonKind.objects.filter(pk=kind.pk).exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 300])
def test_kinds_without_a_sensible_name_are_refused(people: SimpleNamespace, visit: Any, name: str) -> None:
    assert visit(people.teacher).post("/tutoring/kinds/", {"name": name}).status_code == 422
    assert not LessonKind.objects.filter(owner=people.teacher).exists()


def test_nobody_has_more_kinds_than_a_list_can_show(people: SimpleNamespace, visit: Any) -> None:
    LessonKind.objects.bulk_create(
        LessonKind(owner=people.teacher, name=f"Kind {number}") for number in range(MOST_KINDS)
    )
    answer = visit(people.teacher).post("/tutoring/kinds/", {"name": "One more"})
    assert answer.status_code == 422
    assert "One more" in answer.content.decode()
    assert LessonKind.objects.filter(owner=people.teacher).count() == MOST_KINDS


def test_versions_of_a_policy_are_numbered_whoever_saves_first(people: SimpleNamespace) -> None:
    made = save_policy(owner=people.teacher, policy=None, name="Mine", version=PolicyVersion(free_hours=24))
    # two tabs that were opened at the same time
    tabs = [Policy.objects.get(pk=made.pk) for _tab in range(2)]
    for tab, hours in zip(tabs, (12, 48), strict=True):
        save_policy(owner=people.teacher, policy=tab, name="Mine", version=PolicyVersion(free_hours=hours))
    assert [(one.number, one.free_hours) for one in made.versions.order_by("number")] == [(1, 24), (2, 12), (3, 48)]


@pytest.fixture
def in_paris(people: SimpleNamespace) -> list[Lesson]:
    """Lessons of a teacher of Paris, at 18:00 of each Monday."""
    people.teacher.time_zone = "Europe/Paris"
    people.teacher.save()
    return weekly(project(people.teacher, people.student), (0, "18:00"), from_date=timezone.localdate())


def moved_to_moscow(client: Any) -> Any:
    return client.post("/me/profile/", {**PROFILE, "time_zone": "Europe/Moscow"})


@pytest.mark.parametrize(("keep", "zone_of_hour"), [("hour", "Europe/Moscow"), ("instant", "Europe/Paris")])
def test_a_teacher_who_changes_their_zone_is_asked_what_stays(
    in_paris: list[Lesson], people: SimpleNamespace, visit: Any, keep: str, zone_of_hour: str
) -> None:
    client = visit(people.teacher)
    answer = moved_to_moscow(client)
    assert answer.headers["Location"] == "/tutoring/zone/"
    assert "English, Student (Europe/Paris)" in client.get("/tutoring/zone/").content.decode()
    made = Project.objects.get()
    assert made.time_zone == "Europe/Paris"  # nothing changes before the answer
    client.post("/tutoring/zone/", {"projects": [made.pk], "keep": keep})
    made.refresh_from_db()
    assert made.time_zone == "Europe/Moscow"
    coming = Lesson.objects.filter(starts_at__gt=timezone.now() + timedelta(days=2), status="planned")
    assert coming.exists()
    assert {one.starts_at.astimezone(ZoneInfo(zone_of_hour)).hour for one in coming} == {18}
    # there is nothing to ask any more
    assert client.get("/tutoring/zone/").status_code == 302


def test_projects_that_are_not_chosen_keep_their_zone(
    in_paris: list[Lesson], people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.teacher)
    moved_to_moscow(client)
    client.post("/tutoring/zone/", {"keep": "hour"})
    assert Project.objects.get().time_zone == "Europe/Paris"
    foreign = project(people.other_teacher, people.classmate)
    assert client.post("/tutoring/zone/", {"projects": [foreign.pk], "keep": "hour"}).status_code == 422
    foreign.refresh_from_db()
    assert foreign.time_zone == "Europe/Paris"


def test_who_is_not_concerned_is_not_asked(in_paris: list[Lesson], people: SimpleNamespace, visit: Any) -> None:
    for person in (people.student, people.other_teacher):
        assert moved_to_moscow(visit(person)).headers["Location"] == "/me/profile/"
    client = visit(people.teacher)
    # the zone stays
    same = client.post("/me/profile/", {**PROFILE, "time_zone": "Europe/Paris"})
    assert same.headers["Location"] == "/me/profile/"
    Project.objects.update(state=Project.State.ENDED)
    assert moved_to_moscow(client).headers["Location"] == "/me/profile/"

"""Who gives a single lesson for another teacher, and who has given a project away: the lesson is theirs, no more."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.lessons.history import in_words
from learning.tutoring.models import Lesson, RuleVersion
from learning.tutoring.projects.actions import give_project, join
from learning.tutoring.schedule.applying import change_state
from learning.tutoring.schedule.changing import give_to_substitute
from tests.tutoring.making import coming_lesson, past_lesson, project, weekly


def moved(lesson: Lesson, **more: str) -> dict[str, str]:
    local = timezone.localtime(lesson.starts_at, lesson.project.zone)
    return {"day": local.date().isoformat(), "at": "07:00", "minutes": "60", **more}


def times() -> list[Any]:
    return list(Lesson.objects.order_by("pk").values_list("starts_at", flat=True))


@pytest.fixture
def given_away(people: SimpleNamespace) -> Lesson:
    """A lesson of a weekly rule that `other_teacher` gives for `teacher`."""
    own = project(people.teacher, people.student)
    lesson = weekly(own, (0, "18:00"), from_date=timezone.localdate() + timedelta(days=10))[0]
    give_to_substitute(lesson=lesson, teacher=people.other_teacher, actor=people.admin)
    return Lesson.objects.select_related("project").get(pk=lesson.pk)


def test_a_substitute_moves_one_lesson_and_not_those_that_follow(
    given_away: Lesson, people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.other_teacher)
    path = f"/tutoring/lessons/{given_away.pk}/move/"
    assert 'name="following"' not in client.get(path).content.decode()
    assert 'name="following"' in visit(people.teacher).get(path).content.decode()
    before = times()
    answer = client.post(path, moved(given_away, following="on"))
    assert answer.status_code == 302
    after = times()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert RuleVersion.objects.count() == 1


def test_a_former_teacher_does_not_change_the_schedule(people: SimpleNamespace, visit: Any) -> None:
    own = project(people.teacher, people.student)
    weekly(own, (0, "18:00"), from_date=timezone.localdate() + timedelta(days=10))
    old = past_lesson(own, hours_ago=30)
    give_project(project=own, teacher=people.other_teacher, actor=people.admin)
    before = times()
    client = visit(people.teacher)
    coming = Lesson.objects.exclude(pk=old.pk).first()
    assert coming is not None
    assert client.post(f"/tutoring/lessons/{coming.pk}/move/", moved(coming, following="on")).status_code == 404
    client.post(f"/tutoring/lessons/{old.pk}/move/", moved(old, following="on"))
    # `old` was made last, and is the lesson that they still give
    assert times()[:-1] == before[:-1]
    assert RuleVersion.objects.count() == 1


def test_a_substitutes_page_links_to_nothing_that_is_closed_to_them(
    given_away: Lesson, people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.other_teacher)
    page = client.get(given_away.get_absolute_url()).content.decode()
    links = {part.partition('"')[0] for part in page.split('href="/tutoring/')[1:]}
    assert links
    for link in links:
        assert client.get(f"/tutoring/{link}").status_code == 200, link


def test_the_history_names_who_gives_a_lesson(given_away: Lesson, people: SimpleNamespace, visit: Any) -> None:
    words = [text for change, text in in_words(given_away.changes.all()) if change.kind == "teacher"]
    assert words == ["Teacher → Other"]


def test_today_shows_a_substitute_the_lesson(people: SimpleNamespace, visit: Any) -> None:
    own = project(people.teacher, people.student, taught="Rhetoric")
    old = past_lesson(own, hours_ago=40)
    Lesson.objects.filter(pk=old.pk).update(teacher=people.other_teacher)
    assert "Rhetoric" in visit(people.other_teacher).get("/me/").content.decode()


def test_a_new_teacher_is_led_to_a_first_project(people: SimpleNamespace, visit: Any) -> None:
    assert "/tutoring/projects/new/" in visit(people.teacher).get("/me/").content.decode()
    assert "/tutoring/projects/new/" not in visit(people.student).get("/me/").content.decode()


def test_who_may_not_teach_any_more_has_lost_balance_and_chat(people: SimpleNamespace, visit: Any) -> None:
    own = project(people.teacher, people.student, price=3000)
    past_lesson(own)
    visit(people.teacher).post(f"/tutoring/projects/{own.pk}/students/{people.student.pk}/account/")
    room = f"/chat/{own.room.pk}/"
    assert visit(people.teacher).get(room).status_code == 200
    people.teacher.groups.clear()
    former = visit(User.objects.get(pk=people.teacher.pk))
    assert former.get(room).status_code in {302, 404}
    assert former.get("/api/v1/tutoring/balance").json()["items"] == []
    assert former.get(own.get_absolute_url()).status_code == 404


def test_students_of_a_draft_are_invited_when_it_starts(people: SimpleNamespace, visit: Any, mailoutbox: Any) -> None:
    form = {"taught": "English", "email": "new@example.org", "minutes": "60", "price": "30", "currency": "EUR"}
    client = visit(people.teacher)
    client.post("/tutoring/projects/new/", {**form, "draft": "1"})
    draft = people.teacher.tutoring_projects.get()
    assert draft.state == "draft"
    join(project=draft, person=people.student)
    coming_lesson(draft)
    assert mailoutbox == []
    page = client.get(draft.get_absolute_url()).content.decode()
    assert "Start, and invite the students" in page
    assert visit(people.student).get(draft.get_absolute_url()).status_code == 404
    change_state(project=draft, state="active", actor=people.teacher)
    assert sorted(one.to[0] for one in mailoutbox) == ["new@example.org", people.student.email]
    assert visit(people.student).get(draft.get_absolute_url()).status_code == 200

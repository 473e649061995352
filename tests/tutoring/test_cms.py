"""Private lessons in the CMS: lists, bulk actions, policies."""

from types import SimpleNamespace
from typing import Any

from learning.tutoring.models import (
    Lesson,
    Policy,
    Project,
    Status,
)
from tests.tutoring.making import coming_lesson, past_lesson


def test_the_cms_changes_many_lessons_and_gives_them_to_others(
    english: Project, people: SimpleNamespace, visit: Any
) -> None:
    past, coming = past_lesson(english), coming_lesson(english)
    client = visit(people.admin)
    for path in ("lesson", "project", "ledger", "policy", "kind", "report"):
        assert client.get(f"/cms/tutoring/{path}/").status_code == 200, path
        assert visit(people.teacher).get(f"/cms/tutoring/{path}/").status_code in {302, 403}, path
    bulk = "/cms/bulk/tutoring/lesson/{}/?id={}&next=/cms/tutoring/lesson/"
    client.post(bulk.format("held", past.pk), {"reason": ""})
    assert Lesson.objects.get(pk=past.pk).status == Status.HELD
    client.post(bulk.format("substitute", coming.pk), {"teacher": people.other_teacher.pk})
    assert Lesson.objects.get(pk=coming.pk).teacher == people.other_teacher
    assert visit(people.other_teacher).get(coming.get_absolute_url()).status_code == 200
    assert visit(people.other_teacher).get(english.get_absolute_url()).status_code == 404
    client.post(
        f"/cms/bulk/tutoring/project/give/?id={english.pk}&next=/cms/tutoring/project/",
        {"teacher": people.other_teacher.pk},
    )
    assert Project.objects.get().teacher == people.other_teacher
    assert visit(people.teacher).post(bulk.format("cancel", coming.pk), {"reason": ""}).status_code == 404
    for query in (
        "paid=unpaid",
        "paid=free",
        "status=held",
        "q=english",
        f"teacher={people.teacher.pk}",
        "export=csv",
        "export=xlsx",
    ):
        assert client.get(f"/cms/tutoring/lesson/?{query}").status_code == 200, query
    assert client.get("/cms/tutoring/ledger/?export=csv").status_code == 200
    assert client.get("/cms/tutoring/report/?format=csv").status_code == 200
    form = {"name": "School", "owner": "", "free_hours": "24", "late_percent": "100", "missed_percent": "100",
            "free_late": "0", "free_late_in": "month", "teacher_percent": "0"}  # fmt: skip
    assert client.post("/cms/tutoring/policy/new/", form).status_code == 302
    made = Policy.objects.get(name="School")
    assert client.post(f"/cms/tutoring/policy/edit/{made.pk}/", {**form, "free_hours": "12"}).status_code == 302
    assert made.versions.count() == 2
    used = english.policy
    assert client.post(f"/cms/tutoring/policy/delete/{used.pk}/").status_code == 404
    assert Policy.objects.filter(pk=used.pk).exists()

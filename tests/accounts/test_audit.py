"""The audit log: read and added to, never changed; its details in words of the reader's language."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone, translation

from learning.accounts.actions import create_token, record
from learning.accounts.models import AuditEntry
from learning.enrollment import deeds
from learning.enrollment.groups import mark_for_groups, set_openings, shift_openings
from learning.enrollment.models import Audience, StudyGroup
from learning.enrollment.scopes import READ
from learning.enrollment.statuses import Status
from learning.teaching.admin.audit_words import EntryNames, in_words


def test_audit_log_speaks_in_words_of_the_reader(small: SimpleNamespace, visit: Any) -> None:
    """Every entry that the school itself writes; none shows a code or the number of a row."""
    client, teacher = visit(small.admin), visit(small.teacher)
    group = StudyGroup.objects.create(course=small.course, name="Autumn", starts_at=timezone.now())
    winter = StudyGroup.objects.create(course=small.course, name="Winter")
    page = small.lessons[0]
    put = f"/teaching/courses/{small.course.pk}/groups/place/"
    teacher.post(put, {"enrollment": small.enrollment.pk, "group": group.pk})
    teacher.post(put, {"enrollment": small.enrollment.pk, "group": winter.pk})
    set_openings(group=group, openings={small.modules[0].pk: (None, 3)}, actor=small.teacher)
    shift_openings(group=group, from_module_id=small.modules[0].pk, days=-2, actor=small.teacher)
    mark_for_groups(course_id=small.course.pk, page_id=page.pk, groups=[group], actor=small.teacher)
    teacher.post(f"/teaching/groups/{winter.pk}/", {"name": "Spring", "teachers": [small.teacher.pk]})
    client.post(f"/cms/users/delete/{small.student.pk}/")
    client.post(f"/cms/people/{small.student.pk}/account/", {"do": "keep"})
    client.post("/cms/rights/", {"new": "1", "name": "Choir"})
    create_token(user=small.teacher, name="x", scopes=[READ.code])
    entries = list(AuditEntry.objects.order_by("pk"))
    said = "\n".join(in_words(entry, EntryNames(entries)) for entry in entries)
    for words in (
        "no group → “Autumn”",
        "“Autumn” → “Spring”",
        "“Autumn”; “Leaves”",
        "from “Leaves” on 2 days earlier",
        "“Green”: “Autumn”",
        "Changed; “Spring”; name, teachers",
        "Deletion asked for; closed at once",
        "Deletion cancelled",
        "Role created; role: Choir",
        "Created; Read my courses and progress",
    ):
        assert words in said
    assert not re.search(r"(did|group|fields|closed|modules|before|after|days): ", said)
    with translation.override("ru"):
        russian = "\n".join(in_words(entry, EntryNames(entries)) for entry in entries)
    assert not re.search("Created|Changed|group|deleted|Deletion|closed|days", russian)
    Audience.objects.all().delete()
    group.delete()
    assert "a deleted group → “Spring”" in in_words(entries[1], EntryNames(entries))


def test_audit_log_names_with_few_queries(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    groups = [StudyGroup.objects.create(course=small.course, name=f"Group {n}") for n in range(30)]
    for group in groups:
        record(
            deeds.GROUP,
            actor=small.admin,
            course_id=small.course.pk,
            facts={"before": None, "after": group.pk},
        )
    client = visit(small.admin)
    client.get("/cms/audit/")
    with django_assert_max_num_queries(25):
        assert client.get("/cms/audit/").content.decode().count("no group → “Group") == 30
    exported = b"".join(client.get("/cms/audit/?export=csv").streaming_content).decode()
    assert "no group → “Group 29”" in exported


def test_audit_log_is_read_and_never_changed(small: SimpleNamespace, visit: Any) -> None:
    visit(small.admin).post(
        f"/cms/enrollment/{small.enrollment.pk}/status/", {"after": Status.PAUSED, "confirmed": "1"}
    )
    entry = AuditEntry.objects.get(deed=deeds.STATUS)
    body = visit(small.admin).get("/cms/audit/").content.decode()
    assert "Active → Paused" in body
    assert "Botany" in body
    assert "Active → Paused" in b"".join(visit(small.admin).get("/cms/audit/?export=csv").streaming_content).decode()
    for who in (small.teacher, small.editor, small.moderator):
        assert visit(who).get("/cms/audit/").status_code == 302
    with pytest.raises(TypeError):
        entry.delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.filter(pk=entry.pk).delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.update(actor=None)
    entry.facts = {}
    with pytest.raises(TypeError):
        entry.save()

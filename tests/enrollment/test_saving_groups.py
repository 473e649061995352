"""A group is saved on the teacher's page and in the CMS: both move what follows its start, and both are noted."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from learning.accounts.models import AuditEntry
from learning.enrollment import deeds
from learning.enrollment.groups import set_openings
from learning.enrollment.models import Opening, StudyGroup
from tests import school

DAY = timedelta(days=1)


@pytest.mark.parametrize("address", ["/teaching/groups/{}/", "/cms/enrollment/studygroup/edit/{}/"])
def test_openings_follow_a_start_that_is_saved(small: SimpleNamespace, visit: Any, address: str) -> None:
    start = timezone.now().replace(second=0, microsecond=0)
    group = StudyGroup.objects.create(course=small.course, name="Autumn", starts_at=start)
    fixed = start + 40 * DAY
    openings = {small.modules[0].pk: (fixed, None), small.modules[1].pk: (None, 7)}
    set_openings(group=group, openings=openings, actor=small.admin)
    later = start + 5 * DAY
    form = {"course": small.course.pk, "name": "Autumn", "starts_at": later.strftime("%Y-%m-%d %H:%M"), "note": "New"}
    form |= {"starts_at_0": later.strftime("%Y-%m-%d"), "starts_at_1": later.strftime("%H:%M")}
    assert visit(small.teacher).post(address.format(group.pk), form).status_code == 302
    assert school.fresh(group).starts_at == later
    found = dict(Opening.objects.filter(group=group).values_list("module_id", "opens_at"))
    assert found == {small.modules[0].pk: fixed, small.modules[1].pk: later + 7 * DAY}
    entry = AuditEntry.objects.filter(deed=deeds.GROUP).latest("pk")
    assert (entry.actor, entry.facts["did"], entry.course_id) == (small.teacher, "changed", small.course.pk)
    assert {"starts_at", "note"} <= set(entry.facts["fields"])

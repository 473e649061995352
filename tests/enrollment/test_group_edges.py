"""Study groups at their edges: what a hostile or hurried person would try."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.enrollment.access import Refusal
from learning.enrollment.actions import enroll, expire_ended, leave
from learning.enrollment.groups import mark_for_groups, place
from learning.enrollment.models import Beginning, Enrollment, StudyGroup
from learning.enrollment.rights import change_course_rights
from learning.enrollment.statuses import Status
from tests import school
from tests.enrollment.test_groups import DAY, group_of, open_on, put, refusal


def test_free_preview_does_not_open_its_module(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    put(small, group)
    taste = school.lesson(small.modules[1], "Taste", free_preview=True)
    open_on(small, group, small.modules[1], timezone.now() + DAY)
    client = visit(small.student)
    assert client.post(f"/enrollment/lessons/{taste.pk}/position/", {"block": ""}).status_code == 204
    assert not Beginning.objects.exists()
    assert client.get(school.path_of(small.lessons[2])).status_code == 403


def test_group_with_content_of_its_own_is_not_deleted(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    mark_for_groups(course_id=small.course.pk, page_id=small.lessons[0].pk, groups=[group], actor=small.admin)
    client = visit(small.teacher)
    client.post(f"/teaching/groups/{group.pk}/", {"delete": "1"})
    client.post(f"/cms/enrollment/studygroup/delete/{group.pk}/")
    assert StudyGroup.objects.filter(pk=group.pk).exists()
    assert refusal(small.student, small.lessons[0]) == Refusal.HIDDEN
    both = [group, group_of(small, "Winter")]
    mark_for_groups(course_id=small.course.pk, page_id=small.lessons[0].pk, groups=both, actor=small.admin)
    client.post(f"/teaching/groups/{group.pk}/", {"delete": "1"})
    assert not StudyGroup.objects.filter(pk=group.pk).exists()
    assert refusal(small.student, small.lessons[0]) == Refusal.HIDDEN


def test_who_looks_after_students_does_not_make_themselves_a_teacher(small: SimpleNamespace, visit: Any) -> None:
    helpers = Group.objects.create(name="Helpers")
    root = User.objects.create_superuser("root@example.org", "x")
    change_course_rights(group=helpers, course=small.course, codes={"students"}, actor=root)
    helper = school.person(role=Role.TEACHER)
    helper.groups.add(helpers)
    client = visit(helper)
    new = f"/teaching/courses/{small.course.pk}/groups/new/"
    assert client.post(new, {"name": "Mine", "teachers": [helper.pk]}).status_code == 302
    data = {"course": small.course.pk, "name": "Also mine", "teachers": [helper.pk]}
    client.post("/cms/enrollment/studygroup/create/", data)
    assert not StudyGroup.objects.filter(teachers=helper).exists()
    assert client.get(f"/cms/pages/{small.lessons[0].pk}/edit/").status_code == 404


def test_sitemap_does_not_list_previews_of_one_group(small: SimpleNamespace, visit: Any) -> None:
    free = school.lesson(small.modules[0], "Open taste", free_preview=True)
    own = school.lesson(small.modules[0], "Taste of Autumn", free_preview=True)
    mark_for_groups(course_id=small.course.pk, page_id=own.pk, groups=[group_of(small)], actor=small.admin)
    listed = visit().get("/sitemap.xml").content.decode()
    assert school.path_of(free) in listed
    assert school.path_of(own) not in listed


def test_requester_of_a_group_does_not_see_its_content(small: SimpleNamespace, visit: Any) -> None:
    small.course.policy, small.course.choose_group = "approval", True
    school.publish(small.course)
    group = group_of(small)
    own = school.lesson(small.modules[0], "Only for Autumn", free_preview=True)
    mark_for_groups(course_id=small.course.pk, page_id=own.pk, groups=[group], actor=small.admin)
    enroll(user=small.stranger, course=small.course, group_id=group.pk)
    client = visit(small.stranger)
    assert "Only for Autumn" not in client.get(school.path_of(small.course)).content.decode()
    assert client.get(school.path_of(own)).status_code == 404


def test_staff_who_are_students_too_read_everything(small: SimpleNamespace, visit: Any) -> None:
    school.enrolled(small.teacher, small.course)
    group = group_of(small)
    mark_for_groups(course_id=small.course.pk, page_id=small.lessons[0].pk, groups=[group], actor=small.admin)
    assert visit(small.teacher).get(school.path_of(small.lessons[0])).status_code == 200


def test_who_comes_back_keeps_the_group_only_if_there_is_a_place(small: SimpleNamespace) -> None:
    tight = group_of(small, capacity=1)
    put(small, tight)
    leave(user=small.student, course=small.course)
    other = school.enrolled(small.classmate, small.course)
    place(enrollment_ids=[other.pk], course_id=small.course.pk, group=tight, actor=small.admin)
    assert enroll(user=small.student, course=small.course).group is None
    assert school.fresh(other).group == tight
    leave(user=small.classmate, course=small.course)
    assert enroll(user=small.classmate, course=small.course).group == tight


def test_end_of_a_group_moves_the_queue_up(small: SimpleNamespace) -> None:
    course = school.course(capacity=1, waiting_list=True)
    first = school.enrolled(small.student, course)
    waiting = school.enrolled(small.classmate, course)
    assert waiting.status == Status.WAITLISTED
    group = StudyGroup.objects.create(course=course, name="Over", ends_at=timezone.now() - DAY)
    Enrollment.objects.filter(pk=first.pk).update(group=group)
    assert expire_ended() == 1
    assert school.fresh(waiting).status == Status.ACTIVE


@pytest.mark.parametrize("moment", ["9999-12-31T23:59", "0001-01-01T00:00"])
def test_ends_of_the_calendar_are_refused(small: SimpleNamespace, visit: Any, moment: str) -> None:
    small.teacher.time_zone = "America/Los_Angeles"
    small.teacher.save()
    group = group_of(small)
    client = visit(small.teacher)
    assert client.post(f"/teaching/groups/{group.pk}/", {"name": "A", "starts_at": moment}).status_code == 422
    page = f"/teaching/groups/{group.pk}/openings/"
    assert client.post(page, {f"m{small.modules[0].pk}-at": moment}).status_code == 422
    looking = f"/enrollment/{small.course.pk}/view-as/"
    assert client.post(looking, {"on": moment[:10]}).status_code == 422
    assert client.get(school.path_of(small.course)).status_code == 200

"""Study groups: openings, content of their own, places, choosing one, and looking at a course as one of them."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.utils import timezone

from home.search import search
from learning.accounts.models import AuditEntry
from learning.enrollment import deeds
from learning.enrollment.access import Refusal, access_to_part
from learning.enrollment.actions import EnrollmentError, enroll, expire_ended
from learning.enrollment.counting import progress_of, recount_progress
from learning.enrollment.groups import follow_start, mark_for_groups, place, set_openings, shift_openings, split_evenly
from learning.enrollment.models import Audience, Beginning, Completion, Enrollment, Opening, Position, StudyGroup
from learning.enrollment.progress import complete_finished, set_done
from learning.enrollment.statuses import Status
from tests import school

DAY = timedelta(days=1)


def group_of(small: SimpleNamespace, name: str = "Autumn", **fields: Any) -> StudyGroup:
    return StudyGroup.objects.create(course=small.course, name=name, **fields)


def put(small: SimpleNamespace, group: StudyGroup | None) -> None:
    ids = [small.enrollment.pk]
    place(enrollment_ids=ids, course_id=small.course.pk, group=group, actor=small.admin)
    small.enrollment = school.fresh(small.enrollment)


def open_on(small: SimpleNamespace, group: StudyGroup, module: Any, at: Any = None, days: int | None = None) -> None:
    set_openings(group=group, openings={module.pk: (at, days)}, actor=small.admin)


def refusal(who: Any, page: Any) -> Refusal | None:
    return access_to_part(who, school.fresh(page)).refusal


def test_module_opens_for_its_group_at_its_instant(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    put(small, group)
    later = timezone.now() + 3 * DAY
    open_on(small, group, small.modules[1], later)
    closed, open_one = small.lessons[2], small.lessons[0]
    client = visit(small.student)
    answer = client.get(school.path_of(closed))
    assert answer.status_code == 403
    assert "This module opens for your study group" in answer.content.decode()
    assert "Words." not in answer.content.decode()
    assert client.get(school.path_of(small.modules[1])).status_code == 403
    assert client.get(school.path_of(open_one)).status_code == 200
    assert refusal(small.teacher, closed) is None
    open_on(small, group, small.modules[1], timezone.now() - DAY)
    assert client.get(school.path_of(closed)).status_code == 200


def test_student_sees_what_opens_when_in_their_own_zone(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    put(small, group)
    at = (timezone.now() + 30 * DAY).replace(hour=22, minute=15)
    open_on(small, group, small.modules[1], at)
    small.student.time_zone = "Asia/Tokyo"
    small.student.save()
    local = timezone.localtime(at, ZoneInfo("Asia/Tokyo"))
    shown = f"{local.day}, {local.year}, 7:15 a.m."
    assert shown in visit(small.student).get(school.path_of(small.course)).content.decode()
    assert shown in visit(small.student).get(school.path_of(small.lessons[0])).content.decode()
    for lesson in small.lessons[:2]:
        set_done(enrollment=small.enrollment, lesson=lesson)
    after = visit(small.student).get(school.path_of(small.course)).content.decode()
    assert f"The next module opens for your study group: {local:%b}" in after
    assert "7:15" not in visit().get(school.path_of(small.course)).content.decode()


def test_begun_module_never_closes(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    put(small, group)
    lesson = small.lessons[2]
    client = visit(small.student)
    assert client.post(f"/enrollment/lessons/{lesson.pk}/position/", {"block": ""}).status_code == 204
    assert Beginning.objects.filter(user=small.student, module_id=small.modules[1].pk).exists()
    open_on(small, group, small.modules[1], timezone.now() + DAY)
    assert client.get(school.path_of(lesson)).status_code == 200
    classmate = school.enrolled(small.classmate, small.course)
    place(enrollment_ids=[classmate.pk], course_id=small.course.pk, group=group, actor=small.admin)
    assert refusal(small.classmate, lesson) == Refusal.NOT_OPEN


def test_days_follow_the_start_and_shift_moves_all_after(small: SimpleNamespace) -> None:
    start = timezone.now() + 10 * DAY
    group = group_of(small, starts_at=start)
    open_on(small, group, small.modules[0], days=0)
    open_on(small, group, small.modules[1], days=7)
    second = Opening.objects.get(module_id=small.modules[1].pk)
    assert second.opens_at == start + 7 * DAY
    assert shift_openings(group=group, from_module_id=small.modules[1].pk, days=7, actor=small.admin) == 1
    second.refresh_from_db()
    assert (second.opens_at, second.days) == (start + 14 * DAY, 14)
    assert Opening.objects.get(module_id=small.modules[0].pk).opens_at == start
    group.starts_at = start + DAY
    group.save()
    follow_start(group=group)
    second.refresh_from_db()
    assert second.opens_at == start + 15 * DAY


def test_days_need_a_start_and_modules_of_the_course(small: SimpleNamespace) -> None:
    group = group_of(small)
    with pytest.raises(ValidationError):
        open_on(small, group, small.modules[0], days=3)
    with pytest.raises(ValidationError):
        open_on(small, group, small.other_lesson.get_parent(), at=timezone.now())
    assert not Opening.objects.exists()


def test_openings_page_saves_and_shifts(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small, starts_at=timezone.now() + DAY)
    client = visit(small.teacher)
    page = f"/teaching/groups/{group.pk}/openings/"
    data = {f"m{module.pk}-days": str(7 * n) for n, module in enumerate(small.modules)}
    assert client.post(page, data).status_code == 302
    assert Opening.objects.filter(group=group).count() == 2
    both = {**data, f"m{small.modules[0].pk}-at": "2030-01-01T10:00"}
    answer = client.post(page, both)
    assert answer.status_code == 422
    assert "not both" in answer.content.decode()
    assert client.post(f"{page}shift/", {"module": small.modules[1].pk, "days": "7"}).status_code == 302
    assert Opening.objects.get(module_id=small.modules[1].pk).days == 14
    assert client.post(f"{page}shift/", {"module": small.other.pk, "days": "7"}).status_code == 422
    assert client.post(f"{page}shift/", {"module": small.modules[1].pk, "days": "99999999"}).status_code == 422


def test_content_of_one_group_is_nowhere_for_others(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    own = school.lesson(small.modules[0], "Only for Autumn", html="<p>autumnal</p>", free_preview=True)
    mark_for_groups(course_id=small.course.pk, page_id=own.pk, groups=[group], actor=small.admin)
    course = school.path_of(small.course)
    for who in (None, small.stranger, small.student):
        client = visit(who)
        assert client.get(school.path_of(own)).status_code == 404
        assert "Only for Autumn" not in client.get(course).content.decode()
    neighbour = visit(small.student).get(school.path_of(small.lessons[1])).content.decode()
    assert "Only for Autumn" not in neighbour
    put(small, group)
    client = visit(small.student)
    assert client.get(school.path_of(own)).status_code == 200
    assert "Only for Autumn" in client.get(course).content.decode()
    assert "Only for Autumn" in visit(small.teacher).get(course).content.decode()


def test_hidden_module_hides_its_lessons_and_does_not_count(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    mark_for_groups(course_id=small.course.pk, page_id=small.modules[1].pk, groups=[group], actor=small.admin)
    assert refusal(small.student, small.lessons[2]) == Refusal.HIDDEN
    course = school.fresh(small.course)
    assert progress_of(small.student, [course])[course.pk].of == 2
    for lesson in small.lessons[:2]:
        state = set_done(enrollment=small.enrollment, lesson=school.fresh(lesson))
    assert state.finished
    assert school.fresh(small.enrollment).status == Status.COMPLETED


def test_moving_between_groups_keeps_progress(small: SimpleNamespace) -> None:
    autumn, winter = group_of(small), group_of(small, "Winter")
    put(small, autumn)
    set_done(enrollment=small.enrollment, lesson=small.lessons[0])
    put(small, winter)
    assert Completion.objects.filter(user=small.student).count() == 1
    row = school.fresh(small.enrollment)
    assert (row.group, row.done, row.percent) == (winter, 1, 33)
    moves = AuditEntry.objects.filter(deed=deeds.GROUP, person=small.student)
    assert [entry.facts["after"] for entry in moves.order_by("pk")] == [autumn.pk, winter.pk]


def test_places_of_a_group_are_kept(small: SimpleNamespace) -> None:
    tight = group_of(small, capacity=1)
    put(small, tight)
    other = school.enrolled(small.classmate, small.course)
    with pytest.raises(ValidationError):
        place(enrollment_ids=[other.pk], course_id=small.course.pk, group=tight, actor=small.admin)
    assert school.fresh(other).group is None
    foreign = StudyGroup.objects.create(course=small.other, name="Elsewhere")
    with pytest.raises(ValidationError):
        place(enrollment_ids=[other.pk], course_id=small.course.pk, group=foreign, actor=small.admin)


def test_split_evenly_respects_places(small: SimpleNamespace) -> None:
    rows = [school.enrolled(school.person(), small.course) for _ in range(9)]
    groups = [group_of(small, "A", capacity=2), group_of(small, "B"), group_of(small, "C")]
    moved = split_evenly(course_id=small.course.pk, groups=groups, actor=small.admin)
    assert moved == len(rows) + 1
    sizes = sorted(Enrollment.objects.filter(group=group).count() for group in groups)
    assert sizes == [2, 4, 4]
    with pytest.raises(ValidationError):
        split_evenly(course_id=small.course.pk, groups=groups[:1], actor=small.admin, everyone=True)
    assert sorted(Enrollment.objects.filter(group=group).count() for group in groups) == sizes


def test_board_moves_by_form_and_by_drag(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small, capacity=1)
    client = visit(small.teacher)
    into = f"/teaching/courses/{small.course.pk}/groups/place/"
    drag = {"HTTP_ACCEPT": "application/json"}
    assert client.post(into, {"enrollment": small.enrollment.pk, "group": group.pk}, **drag).status_code == 204
    assert school.fresh(small.enrollment).group == group
    other = school.enrolled(small.classmate, small.course)
    refused = client.post(into, {"enrollment": other.pk, "group": group.pk}, **drag)
    assert refused.status_code == 409
    assert "places left" in refused.content.decode()
    assert client.post(into, {"enrollment": small.enrollment.pk, "group": ""}).status_code == 302
    assert school.fresh(small.enrollment).group is None
    board = client.get(f"/teaching/courses/{small.course.pk}/groups/").content.decode()
    assert "Student" in board
    assert "Classmate" in board


def test_student_chooses_a_group_when_enrolling(small: SimpleNamespace, visit: Any) -> None:
    small.course.choose_group = True
    school.publish(small.course)
    full, free = group_of(small, "Full", capacity=1), group_of(small, "Free", capacity=5)
    put(small, full)
    client = visit(small.stranger)
    page = client.get(school.path_of(small.course)).content.decode()
    assert "5 places left" in page
    form = f"/enrollment/{small.course.pk}/enroll/"
    assert client.post(form, {}).status_code == 422
    assert client.post(form, {"group": full.pk}).status_code == 409
    assert client.post(form, {"group": "99999999"}).status_code == 409
    assert not Enrollment.objects.filter(user=small.stranger).exists()
    assert client.post(form, {"group": free.pk}).status_code == 302
    assert Enrollment.objects.get(user=small.stranger).group == free
    with pytest.raises(EnrollmentError):
        enroll(user=small.classmate, course=small.course)


def test_end_of_the_group_ends_reading(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    put(small, group)
    call_command("update_index", verbosity=0)
    client, lesson = visit(small.student), school.path_of(small.lessons[0])
    assert client.get(lesson).status_code == 200
    assert "Green" in {hit.title for hit in search(small.student, "Words")}
    StudyGroup.objects.filter(pk=group.pk).update(ends_at=timezone.now() - DAY)
    assert client.get(lesson).status_code == 403
    assert search(small.student, "Words") == []
    assert expire_ended() == 1
    assert school.fresh(small.enrollment).status == Status.EXPIRED


def test_search_keeps_to_the_plan(small: SimpleNamespace) -> None:
    group = group_of(small)
    put(small, group)
    marked = school.lesson(small.modules[0], "Hidden fern", html="<p>fern</p>")
    other = group_of(small, "Winter")
    mark_for_groups(course_id=small.course.pk, page_id=marked.pk, groups=[other], actor=small.admin)
    open_on(small, group, small.modules[1], timezone.now() + DAY)
    call_command("update_index", verbosity=0)
    found = {hit.title for hit in search(small.student, "words")}
    assert found >= {"Green", "Edges"}
    assert "Water" not in found
    assert search(small.student, "fern") == []
    assert [hit.title for hit in search(small.teacher, "fern")] == ["Hidden fern"]


def test_view_as_a_student_shows_their_course_and_records_nothing(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    open_on(small, group, small.modules[1], timezone.now() + 3 * DAY)
    client = visit(small.teacher)
    looking = f"/enrollment/{small.course.pk}/view-as/"
    today, later = (timezone.localdate() + n * DAY for n in (0, 10))
    assert client.post(looking, {"group": group.pk, "on": today.isoformat()}).status_code == 302
    closed = client.get(school.path_of(small.lessons[2]))
    assert closed.status_code == 403
    assert "You see this course as a student of “Autumn”" in closed.content.decode()
    assert client.get(school.path_of(small.lessons[0])).status_code == 200
    assert client.post(f"/enrollment/lessons/{small.lessons[0].pk}/done/", {"done": "1"}).status_code == 404
    client.post(looking, {"group": group.pk, "on": later.isoformat()})
    assert client.get(school.path_of(small.lessons[2])).status_code == 200
    client.post(looking, {"stop": "1"})
    assert "You see this course as" not in client.get(school.path_of(small.lessons[2])).content.decode()
    assert not Completion.objects.exists()
    assert not Position.objects.exists()
    assert client.post(looking, {"on": "no day"}).status_code == 422
    assert visit(small.student).post(looking, {"group": group.pk, "on": today.isoformat()}).status_code == 404
    assert visit(small.other_teacher).post(looking, {"on": today.isoformat()}).status_code == 404


def test_audience_page(small: SimpleNamespace, visit: Any) -> None:
    group = group_of(small)
    page = f"/teaching/pages/{small.lessons[0].pk}/audience/"
    client = visit(small.teacher)
    assert client.post(page, {"group": group.pk}).status_code == 302
    assert refusal(small.student, small.lessons[0]) == Refusal.HIDDEN
    assert client.post(page, {}).status_code == 302
    assert refusal(small.student, small.lessons[0]) is None
    assert visit(small.other_teacher).post(page, {}).status_code == 404


def test_last_unfinished_lesson_goes_and_the_course_is_completed(small: SimpleNamespace) -> None:
    for lesson in small.lessons[:2]:
        set_done(enrollment=small.enrollment, lesson=lesson)
    school.fresh(small.lessons[2]).delete()
    recount_progress(small.course.pk)
    row = school.fresh(small.enrollment)
    assert (row.status, row.done, row.percent) == (Status.ACTIVE, 2, 100)  # the lesson may come back
    complete_finished(small.course.pk)
    row = school.fresh(small.enrollment)
    assert (row.status, row.done, row.percent) == (Status.COMPLETED, 2, 100)


def test_groups_are_made_changed_and_deleted_by_their_teacher(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    new = f"/teaching/courses/{small.course.pk}/groups/new/"
    assert client.post(new, {"name": ""}).status_code == 422
    assert client.post(new, {"name": "Spring", "capacity": "0"}).status_code == 422
    wrong = {"name": "Spring", "starts_at": "2030-02-01T10:00", "ends_at": "2030-01-01T10:00"}
    assert client.post(new, wrong).status_code == 422
    assert client.post(new, {"name": "Spring", "teachers": [small.teacher.pk]}).status_code == 302
    group = StudyGroup.objects.get(name="Spring")
    assert "already" in client.post(new, {"name": "Spring"}).content.decode()
    put(small, group)
    assert client.post(f"/teaching/groups/{group.pk}/", {"delete": "1"}).status_code == 302
    assert school.fresh(small.enrollment).group is None
    assert visit(small.other_teacher).post(new, {"name": "Mine"}).status_code == 404


def test_a_page_does_not_open_to_all_because_its_group_was_deleted(small: SimpleNamespace, visit: Any) -> None:
    """The group is deleted while its teacher has the form open."""
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    other = StudyGroup.objects.create(course=small.course, name="Winter")
    page = f"/teaching/pages/{small.lessons[0].pk}/audience/"
    client = visit(small.teacher)
    client.post(page, {"group": [other.pk]})
    gone = group.pk
    group.delete()
    answer = client.post(page, {"group": [gone]}, follow=True)
    assert "There is no such study group." in answer.content.decode()
    assert list(Audience.objects.values_list("group", flat=True)) == [other.pk]

"""What concerns one person, course or role leaves every other one as it was."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from learning.accounts.models import User
from learning.accounts.roles import ACCESS_CMS, give_rights
from learning.courses.enums import Completes
from learning.courses.models import CoursePage
from learning.enrollment.access import access_to_course, readable_courses, reads_as_staff
from learning.enrollment.actions import change_status
from learning.enrollment.models import Beginning, CourseRight, Enrollment, Opening, Position, StatusChange, StudyGroup
from learning.enrollment.progress import complete_finished, set_done, set_played, set_position
from learning.enrollment.rights import change_course_rights, managed_courses, sees_page
from learning.enrollment.seats import has_free_seat
from learning.enrollment.statuses import Status
from learning.enrollment.undo import undo
from tests import school

DAY = timedelta(days=1)


def status_of(enrollment: Enrollment) -> str:
    return str(school.fresh(enrollment).status)


# --- seats and statuses -----------------------------------------------------------------------


def test_a_full_course_leaves_the_seats_of_others_free(people: SimpleNamespace) -> None:
    full, free = school.course("Full", capacity=1), school.course("Free", capacity=1)
    school.enrolled(people.student, full)
    assert not has_free_seat(full.pk)
    assert has_free_seat(free.pk)
    assert not has_free_seat(free.pk + 1000)


def test_a_completion_that_is_brought_back_keeps_its_day(small: SimpleNamespace) -> None:
    """A wrong change away from “completed” is undone: they completed when they did."""
    change_status(enrollment=small.enrollment, after=Status.COMPLETED, actor=small.admin)
    day = timezone.now() - 30 * DAY
    Enrollment.objects.filter(pk=small.enrollment.pk).update(completed_at=day)
    change_status(enrollment=school.fresh(small.enrollment), after=Status.REMOVED, actor=small.admin)
    change = StatusChange.objects.filter(enrollment=small.enrollment).latest("pk")
    assert undo(change_ids=[change.pk], actor=small.admin).changed == 1
    enrollment = school.fresh(small.enrollment)
    assert (enrollment.status, enrollment.completed_at) == (Status.COMPLETED, day)


# --- progress ---------------------------------------------------------------------------------


def test_progress_of_one_is_not_written_to_another(small: SimpleNamespace) -> None:
    other = school.enrolled(small.classmate, small.course)
    set_done(enrollment=small.enrollment, lesson=small.lessons[0])
    assert (school.fresh(small.enrollment).done, school.fresh(other).done) == (1, 0)
    assert school.fresh(other).last_read_at is None
    set_position(enrollment=small.enrollment, lesson=small.lessons[0], block_id=uuid4())
    assert school.fresh(other).last_read_at is None
    assert not Position.objects.filter(user_id=small.classmate.pk).exists()


def test_what_another_has_played_does_not_count(small: SimpleNamespace) -> None:
    audio = [school.stored(f"{name}.mp3", b"ID3" + bytes(100), of=small.course) for name in ("one", "two")]
    blocks = [{"type": "audio", "id": str(uuid4()), "value": {"file": file.pk, "title": ""}} for file in audio]
    lesson = school.lesson(small.modules[0], "Listen", blocks=blocks, completes=Completes.BY_BLOCKS)
    assert len(lesson.required_blocks()) == 2
    other = school.enrolled(small.classmate, small.course)
    first, second = (UUID(block["id"]) for block in blocks)
    assert not set_played(enrollment=other, lesson=lesson, block_id=first)
    assert not set_played(enrollment=small.enrollment, lesson=lesson, block_id=second)
    assert set_played(enrollment=small.enrollment, lesson=lesson, block_id=first)


@pytest.mark.parametrize("status", [Status.PAUSED, Status.EXPIRED, Status.REMOVED])
def test_only_an_active_enrolment_is_completed(small: SimpleNamespace, status: Status) -> None:
    """By the last lesson, and by the night's look at those who have nothing left to do."""
    for lesson in small.lessons[:-1]:
        set_done(enrollment=small.enrollment, lesson=lesson)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=status)
    set_done(enrollment=school.fresh(small.enrollment), lesson=small.lessons[-1])
    assert status_of(small.enrollment) == status
    assert complete_finished(small.course.pk) == 0
    assert status_of(small.enrollment) == status
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=Status.ACTIVE)
    assert complete_finished(small.course.pk) == 1
    assert status_of(small.enrollment) == Status.COMPLETED


def test_opening_a_lesson_again_keeps_the_place_and_another_place_is_stored(small: SimpleNamespace) -> None:
    first, second = uuid4(), uuid4()
    facts = {"enrollment": small.enrollment, "lesson": small.lessons[0]}
    places = Position.objects.filter(user_id=small.student.pk)
    for block, expected in ((first, first), (None, first), (second, second)):
        set_position(**facts, block_id=block)
        assert [place.block_id for place in places.all()] == [expected]
    set_position(enrollment=small.enrollment, lesson=small.lessons[1], block_id=None)
    assert [(place.lesson_id, place.block_id) for place in places.all()] == [(small.lessons[1].pk, None)]


# --- who reads --------------------------------------------------------------------------------


def test_an_enrolment_opens_its_own_course_only(small: SimpleNamespace) -> None:
    assert access_to_course(small.student, small.course).granted
    assert not access_to_course(small.student, small.other).granted
    assert access_to_course(small.student, small.other).enrollment is None
    assert access_to_course(small.stranger, small.course).enrollment is None
    assert [course.pk for course in readable_courses(small.student)] == [small.course.pk]


def test_a_deactivated_person_reads_nothing(small: SimpleNamespace) -> None:
    for who in (small.student, small.teacher, small.admin):
        assert readable_courses(who).filter(pk=small.course.pk).exists()
        User.objects.filter(pk=who.pk).update(is_active=False)
        gone = school.fresh(who)
        assert not readable_courses(gone).exists()
        assert not reads_as_staff(gone, small.course)
        assert not sees_page(gone, small.course)
    assert not readable_courses(AnonymousUser()).exists()
    root = User.objects.create_superuser("root@example.org", "x")
    assert sees_page(root, small.course)
    root.is_active = False
    assert not sees_page(root, small.course)


def test_a_module_that_one_has_begun_stays_open_for_them_alone(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    other = school.enrolled(small.classmate, small.course)
    Enrollment.objects.filter(pk__in=[small.enrollment.pk, other.pk]).update(group=group)
    Opening.objects.create(group=group, module_id=small.modules[1].pk, opens_at=timezone.now() + DAY)
    CoursePage.objects.filter(pk=small.course.pk).update(programme_stamp=timezone.now())
    Beginning.objects.create(user_id=small.student.pk, module_id=small.modules[1].pk)
    course = school.fresh(small.course)
    assert access_to_course(small.student, course).closed_modules == {}
    assert set(access_to_course(small.classmate, course).closed_modules) == {small.modules[1].pk}


# --- rights of a role in one course -----------------------------------------------------------


def test_rights_of_a_role_in_one_course_are_not_those_in_another(small: SimpleNamespace) -> None:
    role = Group.objects.create(name="Writers")
    for course in (small.course, small.other):
        change_course_rights(group=role, course=course, codes={"read", "write"}, actor=small.admin)
    change_course_rights(group=role, course=small.course, codes={"read"}, actor=small.admin)
    held = {(row.course_id, row.right) for row in CourseRight.objects.filter(role=role)}
    assert held == {(small.course.pk, "read"), (small.other.pk, "read"), (small.other.pk, "write")}


def test_a_role_that_writes_one_course_enters_the_cms(small: SimpleNamespace) -> None:
    for codes, enters in (({"read"}, False), ({"write"}, True)):
        role = Group.objects.create(name=f"Role that may {min(codes)}")
        person = school.person(role=None)
        person.groups.add(role)
        change_course_rights(group=role, course=small.course, codes=codes, actor=small.admin)
        assert school.fresh(person).has_perm(ACCESS_CMS) is enters


def test_nobody_takes_a_right_in_a_course_that_they_lack(small: SimpleNamespace) -> None:
    role, clerks = Group.objects.create(name="Writers"), Group.objects.create(name="Clerks")
    change_course_rights(group=role, course=small.course, codes={"publish"}, actor=small.admin)
    give_rights(apps, clerks, {"rights", "read", "students"})
    clerk = school.person(role=None)
    clerk.groups.add(clerks)
    with pytest.raises(PermissionDenied):
        change_course_rights(group=role, course=small.course, codes={"read"}, actor=clerk)
    assert [row.right for row in CourseRight.objects.filter(role=role)] == ["publish"]
    other = Group.objects.create(name="Readers")
    change_course_rights(group=other, course=small.course, codes={"read"}, actor=clerk)
    assert [row.right for row in CourseRight.objects.filter(role=other)] == ["read"]


def test_rights_in_a_course_are_given_only_to_roles_that_one_may_change(small: SimpleNamespace) -> None:
    """Not to one's own, not to one that may do more in the whole school, and not without the right to give any."""
    clerks, readers, staff, new = (Group.objects.create(name=name) for name in ("Clerks", "Readers", "Staff", "New"))
    give_rights(apps, clerks, {"rights", "read"})
    give_rights(apps, readers, {"read"})
    give_rights(apps, staff, {"read", "students"})
    clerk, reader = (school.person(role=None) for _time in range(2))
    clerk.groups.add(clerks)
    reader.groups.add(readers)
    for actor, role in ((clerk, clerks), (clerk, staff), (reader, new)):
        with pytest.raises(PermissionDenied):
            change_course_rights(group=role, course=small.course, codes={"read"}, actor=school.fresh(actor))
    assert not CourseRight.objects.exists()
    change_course_rights(group=new, course=small.course, codes={"read"}, actor=school.fresh(clerk))
    assert CourseRight.objects.get().role == new


def test_who_teaches_a_group_writes_in_the_course_of_that_group_only(small: SimpleNamespace) -> None:
    StudyGroup.objects.create(course=small.course, name="Autumn").teachers.add(small.stranger)
    for lesson, writes in ((small.lessons[0], True), (small.other_lesson, False)):
        rights = school.fresh(lesson).permissions_for_user(school.fresh(small.stranger))
        assert rights.can_edit() is writes


def test_who_looks_after_students_manages_only_while_they_may(small: SimpleNamespace) -> None:
    assert [course.pk for course in managed_courses(small.teacher)] == [small.course.pk]
    assert not managed_courses(AnonymousUser()).exists()
    assert not managed_courses(small.student).exists()
    # of the team, but no longer in a role that looks after students
    small.teacher.groups.clear()
    assert not managed_courses(school.fresh(small.teacher)).exists()

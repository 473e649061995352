"""Rules that are rarely met: ends, batches, queues, and who may do what to whom."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from learning.accounts.models import User
from learning.accounts.rights import change_rights
from learning.accounts.roles import Role, give_rights
from learning.courses.models import CoursePage
from learning.enrollment.actions import (
    Wanted,
    change_status,
    change_statuses,
    enroll,
    enroll_by_staff,
    enroll_many,
    fill_seats,
    leave,
    seats_taken,
)
from learning.enrollment.counting import recount_progress
from learning.enrollment.groups import groups_with_places, mark_for_groups, place
from learning.enrollment.models import CourseRight, Enrollment, Seats, StatusChange, StudyGroup
from learning.enrollment.progress import set_done, set_position
from learning.enrollment.rights import manages_course, may_name_teachers
from learning.enrollment.seats import EnrollmentError
from learning.enrollment.statuses import Status
from tests import school

DAY = timedelta(days=1)


@pytest.fixture
def queue(people: SimpleNamespace) -> SimpleNamespace:
    """A course of one seat: `student` has it, `classmate` waits first and `stranger` second."""
    course = school.course("Botany", team=(people.teacher,), capacity=1, waiting_list=True)
    rows = [enroll(user=who, course=course) for who in (people.student, people.classmate, people.stranger)]
    assert [row.status for row in rows] == [Status.ACTIVE, Status.WAITLISTED, Status.WAITLISTED]
    return SimpleNamespace(course=school.fresh(course), seated=rows[0], first=rows[1], second=rows[2], **vars(people))


def status_of(enrollment: Enrollment) -> str:
    return str(school.fresh(enrollment).status)


# --- the queue --------------------------------------------------------------------------------


def test_the_reason_about_one_person_is_not_mailed_to_who_moves_up(
    queue: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        change_status(enrollment=queue.seated, after=Status.REMOVED, actor=queue.admin, reason="Never came to class")
    told = {message.to[0]: message.body for message in mail.outbox}
    assert set(told) == {queue.student.email, queue.classmate.email}
    assert "Never came to class" in told[queue.student.email]
    assert "Never came to class" not in told[queue.classmate.email]
    assert school.fresh(queue.first).history.last().reason == ""


def test_a_batch_does_not_jump_the_queue(queue: SimpleNamespace) -> None:
    """One seat for two who wait: the one who has waited longer gets it, in whatever order they are chosen."""
    change_status(enrollment=queue.seated, after=Status.PAUSED, actor=queue.admin)
    CoursePage.objects.filter(pk=queue.course.pk).update(capacity=2)
    result = change_statuses(enrollment_ids=[queue.second.pk, queue.first.pk], after=Status.ACTIVE, actor=queue.admin)
    assert result.changed == 1
    assert set(result.refused) == {queue.second.pk}
    assert (status_of(queue.first), status_of(queue.second)) == (Status.ACTIVE, Status.WAITLISTED)
    assert seats_taken(queue.course.pk) == 2


def test_who_is_let_in_by_staff_does_not_move_up_once_more(queue: SimpleNamespace) -> None:
    """Two seats are added: staff give one to the first in the queue, the queue gives the other to the second."""
    CoursePage.objects.filter(pk=queue.course.pk).update(capacity=3)
    change_statuses(enrollment_ids=[queue.first.pk], after=Status.ACTIVE, actor=queue.admin)
    assert (status_of(queue.first), status_of(queue.second)) == (Status.ACTIVE, Status.ACTIVE)
    assert StatusChange.objects.filter(enrollment=queue.first, after=Status.ACTIVE).count() == 1
    assert Seats.objects.get(pk=queue.course.pk).taken == seats_taken(queue.course.pk) == 3


@pytest.mark.parametrize("over", ["ended", "unpublished"])
def test_nobody_moves_up_into_a_course_that_is_over(queue: SimpleNamespace, over: str) -> None:
    if over == "ended":
        CoursePage.objects.filter(pk=queue.course.pk).update(ends_at=timezone.now() - DAY)
    else:
        school.fresh(queue.course).unpublish()
    leave(user=queue.student, course=queue.course)
    assert (status_of(queue.first), status_of(queue.second)) == (Status.WAITLISTED, Status.WAITLISTED)
    assert fill_seats(course_id=queue.course.pk) == 0
    CoursePage.objects.filter(pk=queue.course.pk).update(ends_at=None, live=True)
    assert fill_seats(course_id=queue.course.pk) == 1
    assert (status_of(queue.first), status_of(queue.second)) == (Status.ACTIVE, Status.WAITLISTED)


# --- places of groups, in batches -------------------------------------------------------------


def test_a_batch_does_not_overfill_a_group(people: SimpleNamespace) -> None:
    course = school.course("Botany", team=(people.teacher,))
    group = StudyGroup.objects.create(course=course, name="Autumn", capacity=1)
    wanted = [Wanted(who, group.pk) for who in (people.student, people.classmate)]
    refused = enroll_many(course_id=course.pk, wanted=wanted, actor=people.admin)
    assert list(refused) == [people.classmate.pk]
    assert school.fresh(group).count_members() == 1
    assert not Enrollment.objects.filter(user=people.classmate).exists()


def test_a_batch_counts_who_comes_back_and_who_is_new_in_one_sum(people: SimpleNamespace) -> None:
    """Two places for four: one comes back to the group, one is new to the course, two more find it full."""
    course = school.course("Botany", team=(people.teacher,))
    group = StudyGroup.objects.create(course=course, name="Autumn", capacity=2)
    back = enroll_by_staff(user=people.student, course=course, actor=people.admin, group_id=group.pk)
    change_status(enrollment=back, after=Status.REMOVED, actor=people.admin)
    there = enroll_by_staff(user=people.stranger, course=course, actor=people.admin)
    order = (people.classmate, people.student, people.stranger, people.other_teacher)
    wanted = [Wanted(who, None if who == people.student else group.pk) for who in order]
    refused = enroll_many(course_id=course.pk, wanted=wanted, actor=people.admin)
    assert set(refused) == {people.stranger.pk, people.other_teacher.pk}
    members = Enrollment.objects.filter(group=group, status=Status.ACTIVE).values_list("user", flat=True)
    assert set(members) == {people.classmate.pk, people.student.pk}
    assert school.fresh(there).group is None


def test_who_comes_back_into_another_group_takes_a_place_there_only(people: SimpleNamespace) -> None:
    course = school.course("Botany", team=(people.teacher,))
    old, new = (StudyGroup.objects.create(course=course, name=name, capacity=1) for name in ("Autumn", "Winter"))
    back = enroll_by_staff(user=people.student, course=course, actor=people.admin, group_id=old.pk)
    change_status(enrollment=back, after=Status.REMOVED, actor=people.admin)
    wanted = [Wanted(people.student, new.pk), Wanted(people.classmate, old.pk), Wanted(people.stranger, new.pk)]
    assert set(enroll_many(course_id=course.pk, wanted=wanted, actor=people.admin)) == {people.stranger.pk}
    assert school.fresh(back).group == new
    assert Enrollment.objects.get(user=people.classmate).group == old


def test_of_many_who_come_back_only_as_many_keep_the_group_as_it_has_places(people: SimpleNamespace) -> None:
    course = school.course("Botany", team=(people.teacher,))
    group = StudyGroup.objects.create(course=course, name="Autumn", capacity=2)
    rows = [school.enrolled(who, course) for who in (people.student, people.classmate)]
    ids = [row.pk for row in rows]
    place(enrollment_ids=ids, course_id=course.pk, group=group, actor=people.admin)
    change_statuses(enrollment_ids=ids, after=Status.REMOVED, actor=people.admin)
    StudyGroup.objects.filter(pk=group.pk).update(capacity=1)
    assert change_statuses(enrollment_ids=ids, after=Status.ACTIVE, actor=people.admin).changed == 2
    assert school.fresh(group).count_members() == 1


def test_a_group_that_has_ended_is_not_offered_and_not_come_back_to(small: SimpleNamespace) -> None:
    ended = StudyGroup.objects.create(course=small.course, name="Spring", ends_at=timezone.now() - DAY)
    running = StudyGroup.objects.create(course=small.course, name="Autumn", ends_at=timezone.now() + DAY)
    assert groups_with_places(small.course) == [running]
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=ended)
    row = school.fresh(small.enrollment)
    change_status(enrollment=row, after=Status.REMOVED, actor=small.admin)
    change_status(enrollment=row, after=Status.ACTIVE, actor=small.admin)
    assert school.fresh(row).group is None


# --- progress ---------------------------------------------------------------------------------


def test_progress_is_counted_in_the_programme_of_the_persons_group(small: SimpleNamespace) -> None:
    """A lesson that only another group sees is none of theirs to do."""
    own, other = (StudyGroup.objects.create(course=small.course, name=name) for name in ("Autumn", "Winter"))
    place(enrollment_ids=[small.enrollment.pk], course_id=small.course.pk, group=own, actor=small.admin)
    for lesson in small.lessons[:2]:
        set_done(enrollment=school.fresh(small.enrollment), lesson=lesson)
    assert school.fresh(small.enrollment).percent == 67
    mark_for_groups(course_id=small.course.pk, page_id=small.lessons[2].pk, groups=[other], actor=small.admin)
    Enrollment.objects.filter(pk=small.enrollment.pk).update(done=0, percent=0)
    assert recount_progress(small.course.pk) == 1
    row = school.fresh(small.enrollment)
    assert (row.done, row.percent) == (2, 100)


def test_reading_and_doing_are_noted_as_last_seen(small: SimpleNamespace) -> None:
    long_ago = timezone.now() - 30 * DAY
    steps = (
        lambda: set_position(enrollment=small.enrollment, lesson=small.lessons[0], block_id=None),
        lambda: set_done(enrollment=small.enrollment, lesson=small.lessons[0]),
        lambda: set_done(enrollment=small.enrollment, lesson=small.lessons[0], done=False),
    )
    for step in steps:
        Enrollment.objects.filter(pk=small.enrollment.pk).update(last_read_at=long_ago)
        step()
        assert school.fresh(small.enrollment).last_read_at > timezone.now() - DAY


# --- rights -----------------------------------------------------------------------------------


def test_who_may_write_in_a_course_may_not_publish_there(small: SimpleNamespace) -> None:
    writer = school.person("writer", None)
    role = Group.objects.create(name="Writers")
    writer.groups.add(role)
    CourseRight.objects.create(role=role, course=small.course, right=CourseRight.Right.WRITE)
    lesson = school.fresh(small.lessons[0])
    may = lesson.permissions_for_user(User.objects.get(pk=writer.pk))
    assert may.can_edit()
    assert not may.can_publish()
    assert not school.fresh(small.other_lesson).permissions_for_user(User.objects.get(pk=writer.pk)).can_edit()
    CourseRight.objects.create(role=role, course=small.course, right=CourseRight.Right.PUBLISH)
    assert lesson.permissions_for_user(User.objects.get(pk=writer.pk)).can_publish()


def test_nobody_gives_or_takes_a_right_that_they_lack(people: SimpleNamespace) -> None:
    from django.apps import apps

    clerks, choir = Group.objects.create(name="Clerks"), Group.objects.create(name="Choir")
    give_rights(apps, clerks, {"people", "rights"})
    clerk = school.person("clerk", None)
    clerk.groups.add(clerks)
    with pytest.raises(PermissionDenied):
        change_rights(group=choir, codes={"chat"}, actor=User.objects.get(pk=clerk.pk))
    change_rights(group=choir, codes={"people"}, actor=User.objects.get(pk=clerk.pk))
    with pytest.raises(PermissionDenied):
        change_rights(group=Group.objects.get(name=Role.MODERATOR), codes=set(), actor=User.objects.get(pk=clerk.pk))
    assert Group.objects.get(name=Role.MODERATOR).permissions.filter(codename="moderate_rooms").exists()


def test_staff_hear_that_the_group_which_someone_comes_back_to_is_full(people: SimpleNamespace) -> None:
    course = school.course("Botany", team=(people.teacher,))
    group = StudyGroup.objects.create(course=course, name="Autumn", capacity=1)
    back = enroll_by_staff(user=people.student, course=course, actor=people.admin, group_id=group.pk)
    change_status(enrollment=back, after=Status.PAUSED, actor=people.admin)
    # paused, they have kept their place
    enroll_by_staff(user=people.student, course=course, actor=people.admin, group_id=group.pk)
    assert school.fresh(back).group == group
    change_status(enrollment=back, after=Status.REMOVED, actor=people.admin)
    enroll_by_staff(user=people.classmate, course=course, actor=people.admin, group_id=group.pk)
    with pytest.raises(EnrollmentError) as refused:
        enroll_by_staff(user=people.student, course=course, actor=people.admin, group_id=group.pk)
    assert refused.value.code == "group_full"
    wanted = [Wanted(people.student, group.pk)]
    assert list(enroll_many(course_id=course.pk, wanted=wanted, actor=people.admin)) == [people.student.pk]
    assert status_of(back) == Status.REMOVED


def test_a_right_in_one_course_is_for_the_people_of_its_role_only(small: SimpleNamespace) -> None:
    role = Group.objects.create(name="Writers of Botany")
    small.classmate.groups.add(role)
    for right in (CourseRight.Right.WRITE, CourseRight.Right.PUBLISH):
        CourseRight.objects.create(role=role, course=small.course, right=right)
    for person, may in ((small.classmate, True), (small.stranger, False)):
        rights = small.course.permissions_for_user(school.fresh(person))
        assert (rights.can_edit(), rights.can_publish()) == (may, may)


def test_teachers_are_named_only_by_who_writes_in_that_very_course(small: SimpleNamespace) -> None:
    for person, may in ((small.teacher, True), (small.other_teacher, False), (small.student, False)):
        assert may_name_teachers(school.fresh(person), small.course.pk) == may
        assert may_name_teachers(school.fresh(person), small.other.pk) == (person == small.other_teacher)
    assert may_name_teachers(school.fresh(small.admin), small.course.pk)


def test_managed_courses_are_read_once_for_a_request(
    small: SimpleNamespace, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    person = school.fresh(small.teacher)
    with django_assert_max_num_queries(6):
        assert manages_course(person, small.course.pk)
    with django_assert_num_queries(0):
        assert not manages_course(person, small.other.pk)
        assert manages_course(person, small.course.pk)


def test_who_runs_the_school_looks_after_a_course_that_is_made_meanwhile(small: SimpleNamespace) -> None:
    """Nothing is kept on them for the request: they look after every course."""
    person = school.fresh(small.admin)
    assert manages_course(person, small.course.pk)
    assert manages_course(person, school.course("Mosses").pk)

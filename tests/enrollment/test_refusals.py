"""What actions refuse, and what they leave alone: each refusal has its code, and nothing is changed by it."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.actions import (
    Wanted,
    change_statuses,
    complete,
    enroll,
    enroll_by_staff,
    enroll_many,
    expire_ended,
    fill_seats,
    leave,
)
from learning.enrollment.groups import place
from learning.enrollment.models import (
    Enrollment,
    Seats,
    StatusChange,
    StudyGroup,
)
from learning.enrollment.seats import EnrollmentError, locked_course
from learning.enrollment.statuses import Status
from tests import school

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def status_of(user: User, course: CoursePage) -> str:
    return str(Enrollment.objects.get(user=user, course=course).status)


def code_of(refused: pytest.ExceptionInfo[EnrollmentError]) -> str:
    return refused.value.code


# --- the study group that someone asks for -----------------------------------------------------


def test_a_group_of_another_course_is_refused(small: SimpleNamespace) -> None:
    CoursePage.objects.filter(pk=small.course.pk).update(choose_group=True)
    StudyGroup.objects.create(course=small.course, name="Here")
    elsewhere = StudyGroup.objects.create(course=small.other, name="Elsewhere")
    course = school.fresh(small.course)
    with pytest.raises(EnrollmentError) as refused:
        enroll(user=small.classmate, course=course, group_id=elsewhere.pk)
    assert code_of(refused) == "no_such_group"
    with pytest.raises(EnrollmentError) as refused:
        enroll(user=small.classmate, course=course)
    assert code_of(refused) == "choose_group"
    assert not Enrollment.objects.filter(user=small.classmate).exists()


def test_a_group_without_places_is_refused(small: SimpleNamespace) -> None:
    CoursePage.objects.filter(pk=small.course.pk).update(choose_group=True)
    group = StudyGroup.objects.create(course=small.course, name="Small", capacity=1)
    place(enrollment_ids=[small.enrollment.pk], course_id=small.course.pk, group=group, actor=small.admin)
    with pytest.raises(EnrollmentError) as refused:
        enroll(user=small.classmate, course=school.fresh(small.course), group_id=group.pk)
    assert code_of(refused) == "group_full"
    # where no group has a place, nobody has to choose one
    assert enroll(user=small.classmate, course=school.fresh(small.course)).group is None


# --- staff -------------------------------------------------------------------------------------


def test_staff_enrol_a_student_once(small: SimpleNamespace) -> None:
    again = enroll_by_staff(user=small.student, course=small.course, actor=small.admin)
    assert again.pk == small.enrollment.pk
    assert StatusChange.objects.filter(enrollment=small.enrollment).count() == 1


def test_who_has_left_comes_back_only_by_themselves(small: SimpleNamespace) -> None:
    leave(user=small.student, course=small.course)
    with pytest.raises(EnrollmentError) as refused:
        enroll_by_staff(user=small.student, course=small.course, actor=small.admin)
    assert code_of(refused) == "student_only"
    wanted = [Wanted(small.student), Wanted(small.classmate)]
    refusals = enroll_many(course_id=small.course.pk, wanted=wanted, actor=small.admin)
    assert list(refusals) == [small.student.pk]
    assert status_of(small.student, small.course) == Status.LEFT
    assert status_of(small.classmate, small.course) == Status.ACTIVE


def test_many_are_enrolled_up_to_the_seats(people: SimpleNamespace) -> None:
    course = school.course(capacity=1)
    wanted = [Wanted(people.student), Wanted(people.classmate)]
    refusals = enroll_many(course_id=course.pk, wanted=wanted, actor=people.admin)
    assert list(refusals) == [people.classmate.pk]
    assert Enrollment.objects.filter(course=course).count() == 1
    assert Seats.objects.get(pk=course.pk).taken == 1


def test_many_are_put_into_groups_up_to_their_places(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Small", capacity=1)
    wanted = [
        Wanted(small.student, group_id=group.pk),  # a student already: moves
        Wanted(small.classmate, group_id=group.pk),
        Wanted(small.stranger, group_id=group.pk + 1000),
    ]
    refusals = enroll_many(course_id=small.course.pk, wanted=wanted, actor=small.admin)
    assert refusals == {
        small.classmate.pk: "This study group is full.",
        small.stranger.pk: "There is no such study group.",
    }
    assert school.fresh(small.enrollment).group_id == group.pk
    assert not Enrollment.objects.filter(user__in=[small.classmate, small.stranger]).exists()
    # again: who is in the group stays, and keeps the one enrolment
    assert enroll_many(course_id=small.course.pk, wanted=wanted[:1], actor=small.admin) == {}
    assert StatusChange.objects.filter(enrollment=small.enrollment).count() == 1


def test_an_enrolment_elsewhere_is_not_taken_for_one_here(small: SimpleNamespace) -> None:
    elsewhere = school.enrolled(small.student, small.other)
    assert enroll_many(course_id=small.other.pk, wanted=[Wanted(small.classmate)], actor=small.admin) == {}
    third = school.course("Third")
    assert enroll_many(course_id=third.pk, wanted=[Wanted(small.student)], actor=small.admin) == {}
    assert status_of(small.student, third) == Status.ACTIVE
    assert enroll_by_staff(user=small.classmate, course=third, actor=small.admin).course_id == third.pk
    assert school.fresh(elsewhere).course_id == small.other.pk
    assert Seats.objects.get(pk=third.pk).taken == 2


def test_a_change_to_the_same_status_counts_for_nobody(small: SimpleNamespace) -> None:
    other = school.enrolled(small.classmate, small.course)
    change_statuses(enrollment_ids=[other.pk], after=Status.PAUSED, actor=small.admin)
    both = change_statuses(enrollment_ids=[small.enrollment.pk, other.pk], after=Status.PAUSED, actor=small.admin)
    assert (both.changed, both.refused) == (1, {})
    assert [StatusChange.objects.get(pk=pk).enrollment_id for pk in both.changes] == [small.enrollment.pk]


def test_rows_of_a_deleted_course_are_refused_and_others_are_changed(small: SimpleNamespace) -> None:
    gone = school.course("Gone")
    row = school.enrolled(small.student, gone)
    gone.delete()
    outcome = change_statuses(enrollment_ids=[row.pk, small.enrollment.pk], after=Status.PAUSED, actor=small.admin)
    assert outcome.changed == 1
    assert outcome.refused == {row.pk: "There is no such course."}
    assert school.fresh(row).status == Status.ACTIVE
    with pytest.raises(EnrollmentError) as refused:
        locked_course(row.course_id)
    assert code_of(refused) == "no_such_course"


@pytest.mark.parametrize("status", [Status.PAUSED, Status.REMOVED, Status.COMPLETED, Status.LEFT])
def test_only_the_active_are_completed(small: SimpleNamespace, status: Status) -> None:
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status=status)
    assert complete(enrollment=small.enrollment).status == status
    assert school.fresh(small.enrollment).completed_at is None


def test_seats_of_a_deleted_or_unpublished_course_are_not_filled(people: SimpleNamespace) -> None:
    course = school.course(capacity=1, waiting_list=True)
    for who in (people.student, people.classmate):
        school.enrolled(who, course)
    CoursePage.objects.filter(pk=course.pk).update(capacity=2, live=False)
    assert fill_seats(course_id=course.pk) == 0
    assert status_of(people.classmate, course) == Status.WAITLISTED
    CoursePage.objects.filter(pk=course.pk).update(live=True)
    assert fill_seats(course_id=course.pk) == 1
    assert fill_seats(course_id=course.pk + 1000) == 0


def test_who_is_taken_from_the_queue_is_not_moved_up_once_more(people: SimpleNamespace) -> None:
    """Two seats have become free and staff give one to the second of the queue: the other goes to the first."""
    course = school.course(capacity=1, waiting_list=True)
    rows = [school.enrolled(who, course) for who in (people.student, people.classmate, people.stranger)]
    CoursePage.objects.filter(pk=course.pk).update(capacity=3)
    assert change_statuses(enrollment_ids=[rows[2].pk], after=Status.ACTIVE, actor=people.admin).changed == 1
    assert {status_of(who, course) for who in (people.student, people.classmate, people.stranger)} == {Status.ACTIVE}
    seats = Seats.objects.get(pk=course.pk)
    assert (seats.taken, seats.waiting) == (3, 0)
    for row in rows[1:]:
        steps = StatusChange.objects.filter(enrollment=row).order_by("pk").values_list("after", flat=True)
        assert list(steps) == [Status.WAITLISTED, Status.ACTIVE]


def test_expiring_leaves_who_left_in_the_last_moment(small: SimpleNamespace) -> None:
    """Someone leaves between the search for ended enrolments and the lock: the clock goes on to the next course."""
    CoursePage.objects.filter(pk=small.course.pk).update(ends_at=timezone.now() - HOUR)
    left = []

    def leave_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not left and "enrollment_seats" in sql:  # the lock of the course
            left.append(True)
            Enrollment.objects.filter(user=small.student).update(status=Status.LEFT)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(leave_first):
        assert expire_ended() == 0
    assert left
    assert status_of(small.student, small.course) == Status.LEFT


def test_expiring_twice_closes_once(small: SimpleNamespace) -> None:
    CoursePage.objects.filter(pk=small.course.pk).update(ends_at=timezone.now() - HOUR)
    assert expire_ended() == 1
    assert expire_ended() == 0
    assert status_of(small.student, small.course) == Status.EXPIRED

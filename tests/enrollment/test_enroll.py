"""Enrolling, leaving, coming back, waiting, under every policy."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.utils import timezone

from learning.courses.enums import EnrollmentPolicy
from learning.enrollment import actions
from learning.enrollment.actions import EnrollmentError, change_status, enroll, leave
from learning.enrollment.invitations import invite
from learning.enrollment.models import Enrollment, Invitation, Seats, StatusChange
from learning.enrollment.statuses import By, Status
from tests import school


def refused(code: str, **kwargs: object) -> None:
    before = list(Enrollment.objects.values_list("pk", "status"))
    with pytest.raises(EnrollmentError) as caught:
        enroll(**kwargs)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert str(caught.value)
    assert list(Enrollment.objects.values_list("pk", "status")) == before


def test_open_course_takes_anyone_once(people: SimpleNamespace) -> None:
    course = school.course()
    first = enroll(user=people.student, course=course)
    again = enroll(user=people.student, course=course)
    assert first.pk == again.pk
    assert again.status == Status.ACTIVE
    assert Enrollment.objects.filter(course=course).count() == 1


def test_history_says_from_to_who_when(people: SimpleNamespace) -> None:
    course = school.course()
    enrollment = enroll(user=people.student, course=course)
    leave(user=people.student, course=course)
    steps = StatusChange.objects.filter(enrollment=enrollment).values_list("before", "after", "by", "actor")
    assert list(steps) == [
        ("", "active", By.STUDENT, people.student.pk),
        ("active", "left", By.STUDENT, people.student.pk),
    ]


def test_approval_waits_for_staff_and_mails_both_times(
    people: SimpleNamespace, django_capture_on_commit_callbacks: object
) -> None:
    course = school.course("Optics", policy=EnrollmentPolicy.APPROVAL)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        enrollment = enroll(user=people.student, course=course)
        assert enrollment.status == Status.REQUESTED
        change_status(enrollment=enrollment, after=Status.ACTIVE, actor=people.admin, reason="Welcome aboard")
    assert [m.subject for m in mail.outbox] == ["Your request for “Optics” has arrived", "You are in: “Optics”"]
    assert "Welcome aboard" in mail.outbox[1].body
    assert mail.outbox[1].to == [people.student.email]


def test_mail_is_in_the_language_of_its_reader(
    people: SimpleNamespace, django_capture_on_commit_callbacks: object
) -> None:
    people.student.language = "ru"
    people.student.save()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        enroll(user=people.student, course=school.course("Optics"))
    assert mail.outbox[0].subject == "Вы записаны на курс «Optics»"


@pytest.mark.parametrize(("key", "fits"), [("Oak-7", True), (" oak-7 ", True), ("oak", False), ("", False)])
def test_key(people: SimpleNamespace, key: str, fits: bool) -> None:
    course = school.course(policy=EnrollmentPolicy.KEY, key="Oak-7")
    if fits:
        assert enroll(user=people.student, course=course, key=key).status == Status.ACTIVE
    else:
        refused("wrong_key", user=people.student, course=course, key=key)


def test_invitation_is_for_the_invited_address(
    people: SimpleNamespace, django_capture_on_commit_callbacks: object
) -> None:
    course = school.course("Secrets", policy=EnrollmentPolicy.INVITATION)
    refused("invitation", user=people.student, course=course)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        invite(course=course, email="STUDENT@example.org ", actor=people.admin)
        invite(course=course, email="student@example.org", actor=people.admin)
    assert len(mail.outbox) == 1
    assert Invitation.objects.get().email == "student@example.org"
    assert enroll(user=people.student, course=course).status == Status.ACTIVE
    refused("invitation", user=people.stranger, course=course)


def test_closed_takes_nobody(people: SimpleNamespace) -> None:
    refused("closed", user=people.student, course=school.course(policy=EnrollmentPolicy.CLOSED))


def test_window(people: SimpleNamespace) -> None:
    now, day = timezone.now(), timedelta(days=1)
    refused("not_open_yet", user=people.student, course=school.course(enroll_from=now + day))
    refused("over", user=people.student, course=school.course(enroll_until=now - day))
    refused("over", user=people.student, course=school.course(ends_at=now - day))
    assert enroll(user=people.student, course=school.course(enroll_from=now - day, enroll_until=now + day))


def test_prerequisites_must_be_completed(people: SimpleNamespace) -> None:
    basics, advanced = school.course("Basics"), school.course("Advanced")
    school.requires(advanced, basics)
    refused("prerequisites", user=people.student, course=advanced)
    enrollment = enroll(user=people.student, course=basics)
    refused("prerequisites", user=people.student, course=advanced)
    change_status(enrollment=enrollment, after=Status.COMPLETED, actor=people.admin)
    assert enroll(user=people.student, course=advanced).status == Status.ACTIVE


def test_full_course_refuses_or_queues(people: SimpleNamespace) -> None:
    strict = school.course(capacity=1)
    enroll(user=people.student, course=strict)
    refused("full", user=people.stranger, course=strict)
    patient = school.course(capacity=1, waiting_list=True)
    enroll(user=people.student, course=patient)
    assert enroll(user=people.stranger, course=patient).status == Status.WAITLISTED


def test_freed_seat_goes_to_the_first_in_the_queue(
    people: SimpleNamespace, django_capture_on_commit_callbacks: object
) -> None:
    course = school.course("Chess", capacity=1, waiting_list=True)
    enroll(user=people.student, course=course)
    enroll(user=people.classmate, course=course)
    enroll(user=people.stranger, course=course)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        leave(user=people.student, course=course)
    statuses = dict(Enrollment.objects.filter(course=course).values_list("user_id", "status"))
    assert statuses == {
        people.student.pk: Status.LEFT,
        people.classmate.pk: Status.ACTIVE,
        people.stranger.pk: Status.WAITLISTED,
    }
    assert ("A seat is free: you are in “Chess”", [people.classmate.email]) in [(m.subject, m.to) for m in mail.outbox]
    seats = Seats.objects.get(pk=course.pk)
    assert (seats.taken, seats.waiting) == (1, 1)


def test_who_comes_back_to_a_full_course_stands_at_the_end(people: SimpleNamespace) -> None:
    course = school.course(capacity=1, waiting_list=True)
    enroll(user=people.student, course=course)
    enroll(user=people.classmate, course=course)
    leave(user=people.student, course=course)
    assert enroll(user=people.student, course=course).status == Status.WAITLISTED


@pytest.mark.parametrize("after", [Status.REMOVED, Status.LEFT])
def test_removing_frees_a_seat_pausing_does_not(people: SimpleNamespace, after: Status) -> None:
    course = school.course(capacity=1, waiting_list=True)
    enrollment = enroll(user=people.student, course=course)
    waiting = enroll(user=people.classmate, course=course)
    change_status(enrollment=enrollment, after=Status.PAUSED, actor=people.admin)
    assert school.fresh(waiting).status == Status.WAITLISTED
    change_status(enrollment=enrollment, after=Status.ACTIVE, actor=people.admin)
    if after == Status.LEFT:
        leave(user=people.student, course=course)
    else:
        change_status(enrollment=enrollment, after=after, actor=people.admin)
    assert school.fresh(waiting).status == Status.ACTIVE


def test_more_seats_move_the_queue(people: SimpleNamespace, django_capture_on_commit_callbacks: object) -> None:
    course = school.course(capacity=1, waiting_list=True)
    enroll(user=people.student, course=course)
    waiting = enroll(user=people.classmate, course=course)
    course.capacity = 2
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        school.publish(course)
    assert school.fresh(waiting).status == Status.ACTIVE


def test_staff_cannot_exceed_the_seats(people: SimpleNamespace) -> None:
    course = school.course(capacity=1, policy=EnrollmentPolicy.APPROVAL)
    requests = [enroll(user=who, course=course) for who in (people.student, people.classmate)]
    change_status(enrollment=requests[0], after=Status.ACTIVE, actor=people.admin)
    with pytest.raises(EnrollmentError) as caught:
        change_status(enrollment=requests[1], after=Status.ACTIVE, actor=people.admin)
    assert caught.value.code == "full"
    assert school.fresh(requests[1]).status == Status.REQUESTED


@pytest.mark.parametrize("put_out", [Status.REMOVED, Status.DECLINED])
def test_who_was_put_out_does_not_come_back_alone(people: SimpleNamespace, put_out: Status) -> None:
    policy = EnrollmentPolicy.APPROVAL if put_out == Status.DECLINED else EnrollmentPolicy.OPEN
    course = school.course(policy=policy)
    enrollment = enroll(user=people.student, course=course)
    change_status(enrollment=enrollment, after=put_out, actor=people.admin)
    refused("staff_only", user=people.student, course=course)
    with pytest.raises(EnrollmentError):
        leave(user=people.student, course=course)
    change_status(enrollment=enrollment, after=Status.ACTIVE, actor=people.admin)
    assert school.fresh(enrollment).status == Status.ACTIVE


def test_re_enrolling_under_approval_asks_again(people: SimpleNamespace) -> None:
    course = school.course(policy=EnrollmentPolicy.APPROVAL)
    enrollment = enroll(user=people.student, course=course)
    change_status(enrollment=enrollment, after=Status.ACTIVE, actor=people.admin)
    leave(user=people.student, course=course)
    assert enroll(user=people.student, course=course).status == Status.REQUESTED


def test_leaving_twice_is_leaving_once_and_strangers_cannot_leave(people: SimpleNamespace) -> None:
    course = school.course()
    enroll(user=people.student, course=course)
    leave(user=people.student, course=course)
    assert leave(user=people.student, course=course).status == Status.LEFT
    with pytest.raises(EnrollmentError):
        leave(user=people.stranger, course=course)


def test_course_end_expires_the_active_only(people: SimpleNamespace) -> None:
    course = school.course()
    active, done = enroll(user=people.student, course=course), enroll(user=people.classmate, course=course)
    change_status(enrollment=done, after=Status.COMPLETED, actor=people.admin)
    course.ends_at = timezone.now() - timedelta(minutes=1)
    school.publish(course)
    assert actions.expire_ended() == 1
    assert actions.expire_ended() == 0
    assert school.fresh(active).status == Status.EXPIRED
    assert school.fresh(done).status == Status.COMPLETED


def test_draft_course_takes_nobody(people: SimpleNamespace) -> None:
    refused("no_such_course", user=people.student, course=school.course(live=False))


def test_a_deleted_course_leaves_the_rows(people: SimpleNamespace) -> None:
    course = school.course()
    enrollment = enroll(user=people.student, course=course)
    course.delete()
    assert Enrollment.objects.filter(pk=enrollment.pk).exists()

"""What one day, one right or one request leaves as it was: reading, rights, deletion, openings, invitations, undo."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.utils import timezone

from learning.accounts.actions import anonymise, ask_deletion, cancel_deletion
from learning.accounts.models import AuditEntry, User
from learning.accounts.rights import change_rights, may_manage_person, people_with_more_rights, rights_of_groups
from learning.accounts.roles import Role
from learning.courses.enums import Completes
from learning.courses.models import CoursePage, LessonPage
from learning.enrollment.access import Refusal, Viewing, access_to_course, readable_parts
from learning.enrollment.actions import (
    change_statuses,
)
from learning.enrollment.groups import place, set_openings, shift_openings
from learning.enrollment.invitations import invite_many, resend_invitations, withdraw_invitations
from learning.enrollment.models import (
    BlockCompletion,
    Completion,
    CourseRight,
    Enrollment,
    Invitation,
    Opening,
    StatusChange,
    StudyGroup,
)
from learning.enrollment.progress import complete_finished, set_done, set_played
from learning.enrollment.rights import change_course_rights, courses_with
from learning.enrollment.statuses import Status
from learning.enrollment.undo import undo
from tests import school

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def status_of(user: User, course: CoursePage) -> str:
    return str(Enrollment.objects.get(user=user, course=course).status)


# --- who reads ---------------------------------------------------------------------------------


def test_a_closed_account_reads_nothing(small: SimpleNamespace) -> None:
    """Whoever asks for it: the request's account may have been closed since it was read."""
    for person in (small.student, small.teacher, small.admin):
        assert access_to_course(person, small.course).granted
        User.objects.filter(pk=person.pk).update(is_active=False)
        assert access_to_course(school.fresh(person), small.course).refusal == Refusal.LOG_IN


@pytest.mark.parametrize(
    ("fields", "at", "refusal"),
    [
        ({"starts_at": DAY}, timedelta(0), Refusal.NOT_STARTED),
        ({"starts_at": DAY}, 2 * DAY, None),
        ({"ends_at": DAY}, timedelta(0), None),
        ({"ends_at": DAY}, 2 * DAY, Refusal.ENDED),
        ({"ends_at": DAY}, DAY, Refusal.ENDED),
    ],
)
def test_looking_as_a_student_on_a_day_shows_what_that_day_refuses(
    small: SimpleNamespace, fields: dict[str, timedelta], at: timedelta, refusal: Refusal | None
) -> None:
    now = timezone.now()
    CoursePage.objects.filter(pk=small.course.pk).update(**{name: now + after for name, after in fields.items()})
    course = school.fresh(small.course)
    access = access_to_course(small.teacher, course, Viewing(course.pk, None, now + at))
    assert access.refusal == refusal
    # for who is no staff of the course it changes nothing
    stranger = access_to_course(small.stranger, course, Viewing(course.pk, None, now + at))
    assert (stranger.viewing, stranger.refusal) == (None, Refusal.NOT_ENROLLED)


def test_prerequisites_of_one_course_do_not_close_another(small: SimpleNamespace) -> None:
    first = school.course("First")
    school.requires(small.other, first)
    assert access_to_course(small.student, small.course).granted
    school.enrolled(small.student, first)
    refused = access_to_course(small.student, small.other)
    assert refused.refusal == Refusal.NOT_ENROLLED
    Enrollment.objects.create(user=small.student, course=small.other, status=Status.ACTIVE)
    refused = access_to_course(small.student, school.fresh(small.other))
    assert (refused.refusal, refused.missing) == (Refusal.PREREQUISITES, [first])
    Enrollment.objects.filter(user=small.student, course=first).update(status=Status.COMPLETED)
    assert access_to_course(small.student, school.fresh(small.other)).granted


def test_lists_hide_what_is_closed_for_one_s_own_group_only(small: SimpleNamespace) -> None:
    """`readable_parts`, which search and sitemaps ask, as the page itself."""
    mine = StudyGroup.objects.create(course=small.course, name="Mine")
    theirs = StudyGroup.objects.create(course=small.course, name="Theirs")
    place(enrollment_ids=[small.enrollment.pk], course_id=small.course.pk, group=mine, actor=small.admin)
    first, second = small.modules
    soon = timezone.now() + DAY
    set_openings(group=theirs, openings={first.pk: (soon, None), second.pk: (soon, None)}, actor=small.admin)
    everything = {lesson.pk for lesson in small.lessons}

    def readable() -> set[int]:
        return set(LessonPage.objects.filter(readable_parts(small.student)).values_list("pk", flat=True))

    assert readable() == everything
    set_openings(group=mine, openings={second.pk: (soon, None)}, actor=small.admin)
    assert readable() == {lesson.pk for lesson in small.lessons[:2]}
    Opening.objects.filter(group=mine).update(opens_at=timezone.now() - HOUR)
    assert readable() == everything


def test_the_team_has_no_right_that_is_only_given(small: SimpleNamespace) -> None:
    right = CourseRight.Right
    assert small.course in courses_with(small.teacher, right.WRITE)
    assert small.course not in courses_with(small.teacher, right.PUBLISH)
    role = Group.objects.create(name="Publishers")
    small.stranger.groups.add(role)
    CourseRight.objects.create(role=role, course=small.course, right=right.PUBLISH)
    assert list(courses_with(small.stranger, right.PUBLISH)) == [small.course]
    assert not courses_with(small.stranger, right.WRITE).exists()
    User.objects.filter(pk=small.stranger.pk).update(is_active=False)
    assert not courses_with(school.fresh(small.stranger), right.PUBLISH).exists()
    assert not courses_with(AnonymousUser(), right.READ).exists()


# --- rights that are saved as they are ---------------------------------------------------------


def test_saving_the_same_rights_writes_nothing(small: SimpleNamespace) -> None:
    root = User.objects.create_superuser("root@example.org", "x")
    role = Group.objects.create(name="Helpers")
    for _time in range(2):
        change_rights(group=role, codes={"read"}, actor=root)
        change_course_rights(group=role, course=small.course, codes={"write"}, actor=root)
    assert rights_of_groups([role])[role.pk] == {"read"}
    assert AuditEntry.objects.filter(actor=root).count() == 2


def test_a_superuser_may_change_everyone_and_only_they_a_superuser(people: SimpleNamespace) -> None:
    root = User.objects.create_superuser("root@example.org", "x")
    assert not people_with_more_rights(root).exists()
    assert root in people_with_more_rights(people.admin)
    assert may_manage_person(root, people.admin)
    assert not may_manage_person(people.admin, root)


# --- deletion of a person ----------------------------------------------------------------------


def test_a_deletion_is_asked_for_once_and_cancelled_once(people: SimpleNamespace) -> None:
    ask_deletion(person=people.student, actor=people.student)
    day = school.fresh(people.student).delete_after
    ask_deletion(person=people.student, actor=people.student)
    assert school.fresh(people.student).delete_after == day
    assert AuditEntry.objects.filter(person=people.student).count() == 1
    for _time in range(2):
        cancel_deletion(person=people.student, actor=people.student)
    assert school.fresh(people.student).delete_after is None
    assert AuditEntry.objects.filter(person=people.student).count() == 2


def test_who_was_closed_before_the_deletion_stays_closed_after_its_end(people: SimpleNamespace) -> None:
    User.objects.filter(pk=people.student.pk).update(is_active=False)
    ask_deletion(person=people.student, actor=people.admin)
    cancel_deletion(person=people.student, actor=people.admin)
    assert not school.fresh(people.student).is_active
    ask_deletion(person=people.classmate, actor=people.admin)
    assert not school.fresh(people.classmate).is_active
    cancel_deletion(person=people.classmate, actor=people.admin)
    assert school.fresh(people.classmate).is_active


def test_anonymising_deletes_the_picture(people: SimpleNamespace, django_capture_on_commit_callbacks: object) -> None:
    from django.core.files.base import ContentFile

    people.student.avatar.save("me.png", ContentFile(school.png()))
    stored, name = people.student.avatar.storage, str(people.student.avatar.name)
    assert stored.exists(name)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        anonymise(person=people.student)
    assert not stored.exists(name)
    assert not school.fresh(people.student).groups.filter(name=Role.STUDENT).exists()


# --- groups and their openings -----------------------------------------------------------------


def test_openings_need_a_start_to_follow_and_a_module_of_the_course(small: SimpleNamespace) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Open")
    first, second = small.modules
    at = timezone.now() + DAY
    set_openings(group=group, openings={first.pk: (at, None), second.pk: (None, None)}, actor=small.admin)
    assert [(row.module_id, row.opens_at) for row in Opening.objects.filter(group=group)] == [(first.pk, at)]
    assert shift_openings(group=group, from_module_id=first.pk, days=3, actor=small.admin) == 1
    assert Opening.objects.get(group=group).opens_at == at + 3 * DAY
    assert shift_openings(group=group, from_module_id=second.pk, days=3, actor=small.admin) == 0
    assert Opening.objects.get(group=group).opens_at == at + 3 * DAY
    set_openings(group=group, openings={first.pk: (None, None)}, actor=small.admin)
    assert not Opening.objects.filter(group=group).exists()


# --- invitations -------------------------------------------------------------------------------


def test_invitations_of_others_are_neither_sent_nor_taken_back(small: SimpleNamespace) -> None:
    from learning.enrollment.invitations import Guest

    assert invite_many(course_id=small.course.pk, guests=[Guest("a@example.org", "")], actor=small.admin) == 1
    assert invite_many(course_id=small.course.pk, guests=[Guest("a@example.org", "")], actor=small.admin) == 0
    assert invite_many(course_id=small.other.pk, guests=[Guest("b@example.org", "")], actor=small.admin) == 1
    mine = Invitation.objects.get(email="a@example.org")
    Invitation.objects.update(told_at=timezone.now())
    assert resend_invitations(ids=[mine.pk], actor=small.admin) == 0  # sent just now
    Invitation.objects.update(told_at=timezone.now() - DAY)
    assert resend_invitations(ids=[mine.pk], actor=small.admin) == 1
    assert withdraw_invitations(ids=[mine.pk], actor=small.admin) == 1
    assert list(Invitation.objects.values_list("email", flat=True)) == ["b@example.org"]


# --- undo --------------------------------------------------------------------------------------


def test_only_one_s_own_last_change_is_undone(small: SimpleNamespace) -> None:
    outcome = change_statuses(enrollment_ids=[small.enrollment.pk], after=Status.PAUSED, actor=small.admin)
    assert undo(change_ids=outcome.changes, actor=small.teacher).changed == 0
    assert status_of(small.student, small.course) == Status.PAUSED
    later = change_statuses(enrollment_ids=[small.enrollment.pk], after=Status.REMOVED, actor=small.teacher)
    refused = undo(change_ids=outcome.changes, actor=small.admin)
    assert (refused.changed, list(refused.refused)) == (0, [small.enrollment.pk])
    assert undo(change_ids=later.changes, actor=small.teacher).changed == 1
    assert status_of(small.student, small.course) == Status.PAUSED
    StatusChange.objects.filter(pk__in=outcome.changes).update(at=timezone.now() - HOUR)
    assert undo(change_ids=outcome.changes, actor=small.admin).changed == 0


# --- progress ----------------------------------------------------------------------------------


def test_a_lesson_that_is_not_done_after_all_counts_no_more(small: SimpleNamespace) -> None:
    for lesson in small.lessons[:2]:
        set_done(enrollment=small.enrollment, lesson=lesson)
    assert set_done(enrollment=small.enrollment, lesson=small.lessons[0], done=False).done == {small.lessons[1].pk}
    row = school.fresh(small.enrollment)
    assert (row.done, row.percent) == (1, 33)


def test_only_the_blocks_of_the_lesson_complete_it(small: SimpleNamespace) -> None:
    def listening(title: str) -> tuple[LessonPage, list[UUID]]:
        files = [school.stored(f"{title}-{n}.mp3", b"ID3" + bytes(100), of=small.course) for n in (1, 2)]
        blocks = [{"type": "audio", "id": str(uuid4()), "value": {"file": file.pk, "title": ""}} for file in files]
        lesson = school.lesson(small.modules[0], title, blocks=blocks, completes=Completes.BY_BLOCKS)
        return lesson, [UUID(str(block["id"])) for block in blocks]

    (first, own), (second, others) = listening("First"), listening("Second")
    assert not set_played(enrollment=small.enrollment, lesson=first, block_id=uuid4())
    assert not set_played(enrollment=small.enrollment, lesson=first, block_id=others[0])
    assert not BlockCompletion.objects.exists()  # what is no block of the lesson leaves no row
    # a row of another lesson with the same block, as a copied lesson has it, is not this one's
    BlockCompletion.objects.create(user=small.student, lesson_id=second.pk, block_id=own[1])
    assert not set_played(enrollment=small.enrollment, lesson=first, block_id=own[0])
    assert set_played(enrollment=small.enrollment, lesson=first, block_id=own[1])


def test_the_night_completes_only_those_who_have_done_everything(small: SimpleNamespace) -> None:
    other = school.enrolled(small.classmate, small.course)
    for lesson in small.lessons:
        Completion.objects.create(user=small.student, lesson_id=lesson.pk)
    Completion.objects.create(user=small.classmate, lesson_id=small.lessons[0].pk)
    assert complete_finished(small.course.pk) == 1
    assert [school.fresh(row).status for row in (small.enrollment, other)] == [Status.COMPLETED, Status.ACTIVE]
    assert complete_finished(small.course.pk + 1000) == 0

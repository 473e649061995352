"""What a course page offers a person: one button, or the reason why there is none."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.courses.enums import EnrollmentPolicy
from learning.courses.models import CoursePage
from learning.courses.programme import Programme
from learning.enrollment.access import Access, Person, Refusal, Viewing, access_to_course
from learning.enrollment.counting import Progress, progress_in_plan
from learning.enrollment.entry import Reason, reason_against, reason_against_person
from learning.enrollment.groups import groups_with_places
from learning.enrollment.models import Enrollment, Seats, StudyGroup
from learning.enrollment.plans import programme_for
from learning.enrollment.rights import manages_course
from learning.enrollment.statuses import LEAVABLE, READING, REJOINABLE, Status

_SHOWN_OF_PERSON = ("id", "display_name", "email", "avatar", "about")
_group_rows = CompiledQuery(
    lambda group_id: (
        StudyGroup.objects.filter(pk=group_id)
        .order_by("teachers__display_name", "teachers__id")
        .values_list(
            "name", "starts_at", "ends_at", "teachers__is_active", *(f"teachers__{name}" for name in _SHOWN_OF_PERSON)
        )
    )
)


class Offer(StrEnum):
    """What the course page offers this person."""

    LOG_IN = "log_in"
    ENROLL = "enroll"
    REQUEST = "request"
    QUEUE = "queue"
    CONTINUE = "continue"
    OPEN = "open"
    NOTHING = "nothing"


class Standing:
    """Facts about one person and one course; each costs its query only when it is asked for."""

    def __init__(
        self, user: Person, course: CoursePage, access: Access | None = None, viewing: Viewing | None = None
    ) -> None:
        self.user = user
        self.course = course
        self.access = access or access_to_course(user, course, viewing)

    @cached_property
    def programme(self) -> Programme:
        """The programme as this person sees it."""
        return programme_for(self.course, self.access.plan)

    @cached_property
    def groups_to_choose(self) -> list[StudyGroup]:
        """Study groups that a person may choose when enrolling; `left` is the number of free places."""
        if not self.course.choose_group or self.offer not in (Offer.ENROLL, Offer.QUEUE, Offer.REQUEST):
            return []
        return groups_with_places(self.course)

    @cached_property
    def _group_and_teachers(self) -> tuple[StudyGroup | None, list[User]]:
        """The person's study group, with the columns that a page shows, and its active teachers; one query."""
        group_id = self.access.group_id if self.access.status in READING else None
        rows = _group_rows.rows(group_id) if group_id else []
        if not rows:
            return None, []
        name, starts_at, ends_at = rows[0][:3]
        group = StudyGroup(pk=group_id, course_id=self.course.pk, name=name, starts_at=starts_at, ends_at=ends_at)
        # `teachers__is_active` is NULL for a group without teachers: the LEFT JOIN gives one row all the same
        shown = [row[4:] for row in rows if row[3]]
        return group, [User(**dict(zip(_SHOWN_OF_PERSON, person, strict=True))) for person in shown]

    @property
    def own_group(self) -> StudyGroup | None:
        return self._group_and_teachers[0]

    @property
    def group_teachers(self) -> list[User]:
        """Active teachers of the person's study group; where there are none, the page shows the course's team."""
        return self._group_and_teachers[1]

    @cached_property
    def groups(self) -> list[StudyGroup]:
        """All study groups of the course, for staff who want to view it as a student of one of them."""
        return list(StudyGroup.objects.filter(course=self.course))

    @cached_property
    def manages(self) -> bool:
        """Whether this person looks after the students of the course."""
        return self.user.is_authenticated and manages_course(self.user, self.course.pk)

    @property
    def enrollment(self) -> Enrollment | None:
        return self.access.enrollment

    @cached_property
    def seats(self) -> Seats:
        # neither locked nor created here: a GET changes nothing (promise 14)
        return Seats.objects.filter(pk=self.course.pk).first() or Seats(pk=self.course.pk)

    @property
    def seats_left(self) -> int | None:
        """Free seats, never below zero; nothing when there is no limit."""
        if self.course.capacity is None:
            return None
        return max(0, self.course.capacity - self.seats.taken)

    @property
    def is_full(self) -> bool:
        # a free seat belongs to those who wait already: the same rule as in `actions.enroll`
        return self.seats_left == 0 or (self.seats_left is not None and self.seats.waiting > 0)

    @cached_property
    def progress(self) -> Progress | None:
        if self.status is None or not self.user.is_authenticated:
            return None
        return progress_in_plan(self.user, self.course, self.access.plan)

    @property
    def next_opens_at(self) -> datetime | None:
        """When the next lesson opens for this person, where all that is open is done."""
        return self.progress.opens_at if self.progress else None

    @property
    def status(self) -> str | None:
        return self.access.status

    @cached_property
    def shown(self) -> Enrollment | None:
        """An enrolment to show the status of; unsaved, so that showing costs no query."""
        return Enrollment(status=self.status) if self.status and self.status != Status.LEFT else None

    @property
    def queue_place(self) -> int:
        """1 for the first in the queue."""
        mine = self.enrollment if self.status == Status.WAITLISTED else None
        if mine is None:
            return 0
        return Enrollment.objects.queued().filter(course=self.course, waiting_since__lt=mine.waiting_since).count() + 1

    @property
    def can_leave(self) -> bool:
        return self.status in LEAVABLE

    @property
    def needs_key(self) -> bool:
        return self.course.policy == EnrollmentPolicy.KEY and self.offer in (Offer.ENROLL, Offer.QUEUE)

    @property
    def offer(self) -> Offer:
        return self._verdict[0]

    @property
    def reason(self) -> Reason | None:
        return self._verdict[1]

    @cached_property
    def _verdict(self) -> tuple[Offer, Reason | None]:  # noqa: PLR0911  (a list of cases)
        if self.access.refusal == Refusal.LOG_IN:
            reason = self._why_no_enrolment(of_person=False)
            return (Offer.NOTHING, reason) if reason and reason.code != "full" else (Offer.LOG_IN, reason)
        if self.access.refusal == Refusal.NOT_OPEN:
            # the course is open, only the page that was asked for is not
            offer = Offer.OPEN if self.access.teaches else Offer.CONTINUE
            return offer, Reason(Refusal.NOT_OPEN.value, self.access.opens_at)
        if self.access.viewing and self.access.refusal:
            instants = {Refusal.NOT_STARTED: self.course.starts_at, Refusal.ENDED: self.course.ends_at}
            return Offer.NOTHING, Reason(self.access.refusal.value, instants.get(self.access.refusal))
        if self.access.granted:
            return (Offer.CONTINUE if self.access.as_student else Offer.OPEN), None
        if self.status is not None and self.status not in REJOINABLE:
            when = {Refusal.NOT_STARTED: self.course.starts_at, Refusal.ENDED: self.course.ends_at}
            refusal = self.access.refusal or Refusal.NOT_ENROLLED
            return Offer.NOTHING, Reason(refusal.value, when.get(refusal), self.access.missing)
        reason = self._why_no_enrolment(of_person=True)
        if reason:
            return Offer.NOTHING, reason
        if self.course.policy == EnrollmentPolicy.APPROVAL:
            return Offer.REQUEST, None
        return (Offer.QUEUE if self.is_full else Offer.ENROLL), None

    def _why_no_enrolment(self, *, of_person: bool) -> Reason | None:
        course = self.course
        reason = reason_against(course)
        if reason is None and of_person:
            reason = reason_against_person(self.user, course)  # type: ignore[arg-type]
        if reason is not None:
            return reason
        # under APPROVAL a full course still takes requests: staff approve them when a seat is free (decision 1)
        if self.is_full and not course.waiting_list and course.policy != EnrollmentPolicy.APPROVAL:
            return Reason("full")
        return None

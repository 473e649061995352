"""The door: who may read what. Pages, files, search, API and previews all ask here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Length, Now, Substr
from django.utils import timezone
from wagtail.models import Page

from learning.base.compiled import CompiledQuery
from learning.courses.models import CoursePage, CoursePrerequisite, LessonPage, ModulePage
from learning.enrollment.models import Audience, Beginning, Enrollment, Opening, StudyGroup
from learning.enrollment.plans import EVERYTHING, Plan, plan_of
from learning.enrollment.rights import Person, Right, courses_with
from learning.enrollment.served import below_unpublished
from learning.enrollment.statuses import READING, Status


@dataclass(frozen=True)
class Viewing:
    """How staff view a course: as a student of this group (or of none) sees it at that instant. Nothing is recorded."""

    course_id: int
    group_id: int | None
    at: datetime


class Refusal(StrEnum):
    """Reasons for which a person may not read."""

    LOG_IN = "log_in"
    NOT_ENROLLED = "not_enrolled"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    PREREQUISITES = "prerequisites"
    REQUESTED = "requested"
    WAITLISTED = "waitlisted"
    PAUSED = "paused"
    LEFT = "left"
    REMOVED = "removed"
    DECLINED = "declined"
    EXPIRED = "expired"
    NOT_OPEN = "not_open"
    HIDDEN = "hidden"  # content of other study groups: this person must not learn that it exists


@dataclass
class Access:
    """What one person may read of one course, and why not."""

    user: Person
    course: CoursePage
    status: str | None = None  # of the enrolment, if there is one
    group_id: int | None = None
    group_name: str | None = None
    refusal: Refusal | None = None
    teaches: bool = False
    missing: list[CoursePage] = field(default_factory=list)
    opens_at: datetime | None = None  # when the module of the requested page opens, while it is closed
    viewing: Viewing | None = None  # staff who look at the course as a student would

    @property
    def granted(self) -> bool:
        return self.refusal is None

    @property
    def as_student(self) -> bool:
        """Whether reading here counts as the progress of a student."""
        return self.granted and self.status in READING and not self.teaches

    @cached_property
    def plan(self) -> Plan:
        """What this person sees of the course, and from when."""
        if self.teaches and self.viewing is None:
            return EVERYTHING
        # who has only asked for a group, or waits, does not see its content yet
        own_group = self.group_id if self.status in READING else None
        return plan_of(self.course, self.viewing.group_id if self.viewing else own_group)

    @cached_property
    def closed_modules(self) -> dict[int, datetime]:
        """Modules that are not open to this person yet, with the instant when they will be."""
        closed = self.plan.closed_modules(self.viewing.at if self.viewing else None)
        # a module that the student has begun stays open, also when its opening is moved to a later day
        if closed and self.status is not None:
            begun = Beginning.objects.filter(user_id=self.user.pk or 0, module_id__in=list(closed))
            for module_id in begun.values_list("module_id", flat=True):
                del closed[module_id]
        return closed

    @cached_property
    def enrollment(self) -> Enrollment | None:
        """The enrolment itself, read when someone wants more of it than its status."""
        if self.status is None:
            return None
        rows = Enrollment.objects.select_related("user", "group")
        return rows.filter(user_id=self.user.pk or 0, course_id=self.course.pk).first()


def teaches(user: Person, course: CoursePage) -> bool:
    """Whether the person is on the course's team, teaches one of its groups, or has a role that may read it."""
    return user.is_authenticated and courses_with(user, Right.READ).filter(pk=course.pk).exists()


def reads_as_staff(user: Person, course: CoursePage) -> bool:
    """Whether the person may read this course without being its student."""
    if not user.is_authenticated or not user.is_active:
        return False
    return user.reads_everything or teaches(user, course)


def _unmet_prerequisites(user_id: int | None) -> QuerySet[CoursePrerequisite]:
    """Links to live courses that this person would have to complete first and has not."""
    done = Enrollment.objects.filter(user_id=user_id or 0, status=Status.COMPLETED).values("course_id")
    # nobody can enrol in an unpublished course: as a prerequisite it would close this one for good
    return CoursePrerequisite.objects.filter(required__live=True).exclude(required_id__in=done)


# `Now()` and not `timezone.now()`: the SQL is written once, with a Python time in it as a constant. A group that
# ends later would never be over.
_standing = CompiledQuery(
    lambda user_id, course_id: (
        Enrollment.objects.filter(user_id=user_id, course_id=course_id)
        .annotate(
            lacks=Exists(_unmet_prerequisites(user_id).filter(course_id=course_id)),
            over=Exists(StudyGroup.objects.filter(pk=OuterRef("group_id"), ends_at__lte=Now())),
        )
        .order_by()
        .values_list("status", "lacks", "over", "group_id", "group__name")
    )
)


def missing_prerequisites(user: Person, course: CoursePage) -> list[CoursePage]:
    """Live courses that must be completed first and are not."""
    links = _unmet_prerequisites(user.pk).filter(course=course).select_related("required")
    return [link.required for link in links]


def access_to_course(user: Person, course: CoursePage, viewing: Viewing | None = None) -> Access:
    """Return whether this person may read the lessons of this course, and if not, why.

    A student who may read costs one query. With `viewing`, staff get the answer that a student of that
    group would get on that day; for others it changes nothing.
    """
    if not user.is_authenticated or not user.is_active:
        return Access(user, course, refusal=Refusal.LOG_IN)
    # asked again at each request: the session may hold a viewing of someone who is no longer staff (promise 6)
    if viewing is not None and reads_as_staff(user, course):
        return _as_student_of(user, course, viewing)
    # never cached: who is removed must be out at the next request (promise 3)
    rows = _standing.rows(user.pk, course.pk)
    status, lacks, over, group_id, group_name = rows[0] if rows else (None, False, False, None, None)
    refusal = _refusal_of(status, course, bool(over))
    missing: list[CoursePage] = []
    if refusal is None:
        # before the question about staff: students are spared its queries, and staff who are students make progress
        if not lacks:
            return Access(user, course, status, group_id, group_name)
        missing = missing_prerequisites(user, course)
        refusal = Refusal.PREREQUISITES
    if reads_as_staff(user, course):
        return Access(user, course, status, group_id, group_name, teaches=True)
    return Access(user, course, status, group_id, group_name, refusal, missing=missing)


def _as_student_of(user: Person, course: CoursePage, viewing: Viewing) -> Access:
    refusal = None
    if course.starts_at and course.starts_at > viewing.at:
        refusal = Refusal.NOT_STARTED
    elif course.ends_at and course.ends_at <= viewing.at:
        refusal = Refusal.ENDED
    return Access(user, course, refusal=refusal, teaches=True, viewing=viewing)


def _refusal_of(status: str | None, course: CoursePage, group_is_over: bool) -> Refusal | None:
    if status is None:
        return Refusal.NOT_ENROLLED
    if status not in READING:
        return Refusal(status)
    if not course.has_started:
        return Refusal.NOT_STARTED
    # the job that sets EXPIRED runs once a minute; the door must be closed before it has run
    if (course.has_ended or group_is_over) and status == Status.ACTIVE:
        return Refusal.ENDED
    return None


def access_to_part(user: Person, page: ModulePage | LessonPage, viewing: Viewing | None = None) -> Access:
    """Return whether this person may read this lesson or this module's introduction.

    A free preview is open to everyone from whom it is not hidden; students make progress in it as in any lesson.
    Only staff reach pages that are in nobody's programme yet (drafts are not served at all).
    """
    access = access_to_course(user, page.course, viewing)
    # before the free preview: content of one group does not exist for others, even as a preview (promise 5)
    if page.pk in access.plan.hidden:
        access.refusal = Refusal.HIDDEN
        return _as_staff_after_all(access)
    # also in a module that is not open yet; `progress._begin` does not count it as begun then
    if isinstance(page, LessonPage) and page.free_preview:
        access.refusal = None
    elif access.granted:
        # the plan EVERYTHING of staff names no modules: 0 is no key, so nothing is closed
        module_id = access.plan.module_of.get(page.pk, 0)
        access.opens_at = access.closed_modules.get(module_id)
        if access.opens_at:
            access.refusal = Refusal.NOT_OPEN
            return _as_staff_after_all(access)
    return access


def _as_staff_after_all(access: Access) -> Access:
    """Staff who are also students of the course read what their group does not."""
    # with a viewing the refusal stays: it is what staff have asked to see
    if access.viewing is None and reads_as_staff(access.user, access.course):
        return Access(access.user, access.course, access.status, access.group_id, access.group_name, teaches=True)
    return access


def readable_courses(user: Person) -> QuerySet[CoursePage]:
    """Live courses whose lessons this person may read."""
    live = CoursePage.objects.live()
    if not user.is_authenticated or not user.is_active:
        return live.none()
    if user.reads_everything:
        return live
    # the rules of `access_to_course` once more, as one filter for lists and search; test_door.py compares both
    now = timezone.now()
    mine = Enrollment.objects.filter(user=user)
    active = mine.filter(status=Status.ACTIVE).exclude(group__ends_at__lte=now)
    as_student = (
        Q(pk__in=mine.filter(status=Status.COMPLETED).values("course_id"))
        | Q(pk__in=active.values("course_id")) & (Q(ends_at=None) | Q(ends_at__gt=now))
    ) & (Q(starts_at=None) | Q(starts_at__lte=now))
    readable = as_student & ~Q(pk__in=_unmet_prerequisites(user.pk).values("course_id"))
    return live.filter(readable | Q(pk__in=courses_with(user, Right.READ).values("pk")))


def readable_parts(user: Person) -> Q:
    """A filter on pages below courses: those this person may read. For search and lists."""
    if user.is_authenticated and user.is_active and user.reads_everything:
        return Q()
    as_staff = set(courses_with(user, Right.READ).values_list("path", flat=True))
    courses = dict(readable_courses(user).values_list("pk", "path"))
    kept_from = _closed_to_student(user, [pk for pk, path in courses.items() if path not in as_staff])
    readable = Q(pk__in=free_previews().values("pk"))
    for path in courses.values():
        below = Q(path__startswith=path)
        readable |= below if path in as_staff else below & kept_from
    for path in as_staff:
        readable |= Q(path__startswith=path)
    return readable


def free_previews() -> QuerySet[LessonPage]:
    """Free previews of published courses that are open to everyone: not those for single groups, nor in a module for
    single groups."""
    marked = Audience.objects.values("page_id")
    above = Page.objects.filter(
        pk__in=marked, path=Substr(OuterRef("path"), 1, Length(OuterRef("path")) - Page.steplen)
    )
    found = LessonPage.objects.filter(free_preview=True).exclude(pk__in=marked).exclude(Exists(above))
    return found.exclude(below_unpublished())


def _closed_to_student(user: Person, course_ids: list[int]) -> Q:
    """A filter that leaves out, for a student of these courses, what is for other groups or not open for theirs yet."""
    if not user.is_authenticated or not course_ids:
        return Q()
    rows = Enrollment.objects.filter(user=user, course_id__in=course_ids, group__isnull=False)
    groups = list(rows.values_list("group_id", flat=True))
    mine = Audience.objects.filter(group_id__in=groups).values("page_id")
    # excluded by page and not by row: a page may be for several groups, and one of them is enough
    hidden = Audience.objects.filter(course_id__in=course_ids).exclude(page_id__in=mine)
    begun = Beginning.objects.filter(user=user).values("module_id")
    later = Opening.objects.filter(group_id__in=groups, opens_at__gt=timezone.now()).exclude(module_id__in=begun)
    closed = Page.objects.filter(Q(pk__in=hidden.values("page_id")) | Q(pk__in=later.values("module_id")))
    return _outside(closed.values_list("path", flat=True))


def _outside(paths: Iterable[str]) -> Q:
    inside = Q()
    for path in paths:
        inside |= Q(path__startswith=path)
    return ~inside if inside else Q()

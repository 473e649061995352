"""The door: who may read what. Every surface asks here; nothing else decides."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone
from wagtail.models import Page

from learning.courses.compiled import CompiledQuery
from learning.courses.models import CoursePage, CoursePrerequisite, LessonPage, ModulePage
from learning.courses.programme import course_paths_above
from learning.enrollment.models import Enrollment
from learning.enrollment.policies import Person, courses_taught_by
from learning.enrollment.statuses import READING, Status


class Refusal(StrEnum):
    """Why the door stays closed."""

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


@dataclass
class Access:
    """The answer of the door for one person and one course."""

    user: Person
    course: CoursePage
    status: str | None = None  # of the enrolment, if there is one
    group_name: str | None = None
    refusal: Refusal | None = None
    teaches: bool = False
    missing: list[CoursePage] = field(default_factory=list)

    @property
    def granted(self) -> bool:
        return self.refusal is None

    @property
    def as_student(self) -> bool:
        """Whether reading here counts as the progress of a student."""
        return self.granted and self.status in READING

    @cached_property
    def enrollment(self) -> Enrollment | None:
        """The enrolment itself, read when someone wants more of it than its status."""
        if self.status is None:
            return None
        rows = Enrollment.objects.select_related("user", "group")
        return rows.filter(user_id=self.user.pk or 0, course_id=self.course.pk).first()


def teaches(user: Person, course: CoursePage) -> bool:
    """On the course's team, or teacher of one of its study groups."""
    return user.is_authenticated and courses_taught_by(user).filter(pk=course.pk).exists()


def reads_as_staff(user: Person, course: CoursePage) -> bool:
    if not user.is_authenticated or not user.is_active:
        return False
    return user.reads_everything or teaches(user, course)


def _unmet_prerequisites(user_id: int | None) -> QuerySet[CoursePrerequisite]:
    """Links to live courses that this person would have to complete first and has not."""
    done = Enrollment.objects.filter(user_id=user_id or 0, status=Status.COMPLETED).values("course_id")
    return CoursePrerequisite.objects.filter(required__live=True).exclude(required_id__in=done)


_standing = CompiledQuery(
    lambda user_id, course_id: (
        Enrollment.objects.filter(user_id=user_id, course_id=course_id)
        .annotate(lacks=Exists(_unmet_prerequisites(user_id).filter(course_id=course_id)))
        .order_by()
        .values_list("status", "lacks", "group__name")
    )
)


def missing_prerequisites(user: Person, course: CoursePage) -> list[CoursePage]:
    """Live courses that must be completed first and are not."""
    links = _unmet_prerequisites(user.pk).filter(course=course).select_related("required")
    return [link.required for link in links]


def access_to_course(user: Person, course: CoursePage) -> Access:
    """May this person read the lessons of this course, and if not, why not.

    A student in good standing costs one query.
    """
    if not user.is_authenticated or not user.is_active:
        return Access(user, course, refusal=Refusal.LOG_IN)
    rows = _standing.rows(user.pk, course.pk)
    status, lacks, group_name = rows[0] if rows else (None, False, None)
    refusal = _refusal_of(status, course)
    missing: list[CoursePage] = []
    if refusal is None:
        if not lacks:
            return Access(user, course, status, group_name)
        missing = missing_prerequisites(user, course)
        refusal = Refusal.PREREQUISITES
    if reads_as_staff(user, course):
        return Access(user, course, status, group_name, teaches=True)
    return Access(user, course, status, group_name, refusal, missing=missing)


def _refusal_of(status: str | None, course: CoursePage) -> Refusal | None:
    if status is None:
        return Refusal.NOT_ENROLLED
    if status not in READING:
        return Refusal(status)
    if not course.has_started:
        return Refusal.NOT_STARTED
    if course.has_ended and status == Status.ACTIVE:
        return Refusal.ENDED
    return None


def access_to_part(user: Person, page: ModulePage | LessonPage) -> Access:
    """May this person read this lesson or this module's introduction.

    A free preview is open to all; for a student it counts as reading like any other lesson.
    """
    access = access_to_course(user, page.course)
    if not access.granted and isinstance(page, LessonPage) and page.free_preview:
        access.refusal = None
    return access


def may_read_page(user: Person, page: Page) -> bool:
    """For any page of the tree: public ones by everyone, parts of a course by whom the door lets in."""
    specific = page.specific
    if not specific.live:
        return False
    if isinstance(specific, ModulePage | LessonPage):
        return specific.course.live and access_to_part(user, specific).granted
    return True


def readable_courses(user: Person) -> QuerySet[CoursePage]:
    """Live courses whose lessons this person may read."""
    live = CoursePage.objects.live()
    if not user.is_authenticated or not user.is_active:
        return live.none()
    if user.reads_everything:
        return live
    now = timezone.now()
    mine = Enrollment.objects.filter(user=user)
    as_student = (
        Q(pk__in=mine.filter(status=Status.COMPLETED).values("course_id"))
        | Q(pk__in=mine.filter(status=Status.ACTIVE).values("course_id")) & (Q(ends_at=None) | Q(ends_at__gt=now))
    ) & (Q(starts_at=None) | Q(starts_at__lte=now))
    readable = as_student & ~Q(pk__in=_unmet_prerequisites(user.pk).values("course_id"))
    return live.filter(readable | Q(pk__in=courses_taught_by(user).values("pk")))


def readable_parts(user: Person) -> Q:
    """A filter on pages below courses: those this person may read. For search and lists."""
    readable = Q(pk__in=LessonPage.objects.filter(free_preview=True).values("pk"))
    if user.is_authenticated and user.is_active and user.reads_everything:
        return Q()
    for path in readable_courses(user).values_list("path", flat=True):
        readable |= Q(path__startswith=path)
    return readable


def below_live_course(pages: Iterable[Page]) -> list[Page]:
    """Those whose ancestors are all live: a lesson of an unpublished course is not there."""
    pages = list(pages)
    above = {path for page in pages for path in course_paths_above(page.path)[:-1]}
    hidden = set(Page.objects.filter(path__in=above, live=False).values_list("path", flat=True))
    return [page for page in pages if not any(path in hidden for path in course_paths_above(page.path))]

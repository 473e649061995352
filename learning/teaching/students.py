"""Progress of the students of a course, as rows for tables, charts and exports."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from learning.courses.models import CoursePage
from learning.courses.programme import Programme, ProgrammeLesson
from learning.enrollment.models import Completion, Enrollment, Position
from learning.enrollment.plans import plans_of, programme_for
from learning.teaching.filters import summary_filters


@dataclass(frozen=True)
class ModuleShare:
    """How far a student is in one module."""

    title: str
    done: int
    of: int

    @property
    def complete(self) -> bool:
        return self.of > 0 and self.done == self.of


@dataclass(frozen=True)
class Follow:
    """One student in one course."""

    enrollment: Enrollment
    programme: Programme  # as their group sees it
    done: frozenset[int]
    stopped_in: int | None  # id of the lesson

    @property
    def of(self) -> int:
        return len(self.programme.lessons)

    @property
    def modules(self) -> list[ModuleShare]:
        return list(self._shares.values())

    @property
    def _shares(self) -> dict[int, ModuleShare]:
        return {
            m.id: ModuleShare(m.title, sum(lesson.id in self.done for lesson in m.lessons), len(m.lessons))
            for m in self.programme.modules
        }

    def cells(self, whole: Programme) -> list[ModuleShare | None]:
        """Return a share for each module of the whole course; None for those that the student's group does not see."""
        shares = self._shares
        return [shares.get(module.id) for module in whole.modules]

    @property
    def place(self) -> ProgrammeLesson | None:
        """The lesson they stopped in."""
        return next((lesson for lesson in self.programme.lessons if lesson.id == self.stopped_in), None)


def programmes_by_group(course: CoursePage, group_ids: Iterable[int | None]) -> dict[int | None, Programme]:
    plans = plans_of((course, group) for group in set(group_ids))
    return {group: programme_for(course, plan) for (_course, group), plan in plans.items()}


def follow(course: CoursePage, enrollments: Sequence[Enrollment]) -> list[Follow]:
    """Return what each of these students of one course has done; two queries, and two more for plans not cached."""
    programmes = programmes_by_group(course, [enrollment.group_id for enrollment in enrollments])
    users = [enrollment.user_id for enrollment in enrollments]
    lessons = {lesson.id for programme in programmes.values() for lesson in programme.lessons}
    done: dict[int, set[int]] = defaultdict(set)
    rows = Completion.objects.filter(user_id__in=users, lesson_id__in=lessons).values_list("user_id", "lesson_id")
    for user_id, lesson_id in rows:
        done[user_id].add(lesson_id)
    stopped = dict(Position.objects.filter(user_id__in=users, course_id=course.pk).values_list("user_id", "lesson_id"))
    return [Follow(e, programmes[e.group_id], frozenset(done[e.user_id]), stopped.get(e.user_id)) for e in enrollments]


def summary(rows: QuerySet[Enrollment]) -> dict[str, int]:
    """Count the enrolments of each kind that a teacher looks at first, in one query."""
    counts = {name: Count("pk", filter=condition) for name, condition in summary_filters().items()}
    return rows.order_by().aggregate(all=Count("pk"), **counts)


# --- export files ----------------------------------------------------------------------------

_COLUMNS = (
    *("user__display_name", "user__email", "user__anonymised_at", "course_id", "course__title", "group_id"),
    *("group__name", "status", "done", "percent", "created_at", "changed_at", "last_read_at"),
)


def headings() -> list[str]:
    return [
        *(_("Name"), _("E-mail"), _("Course"), _("Study group"), _("Status"), _("Lessons done"), _("Progress, %")),
        *(_("Enrolled"), _("Changed"), _("Last seen"), _("Days since last seen")),
    ]


def export_rows(rows: QuerySet[Enrollment]) -> Iterator[list[Any]]:
    """Yield a row for each enrolment, with the columns of `headings`, read from the database in chunks."""
    from learning.enrollment.statuses import Status

    labels = {status.value: str(status.label) for status in Status}
    former = _("former member")
    now = timezone.now()
    # plain values: a model object for each of ten thousand rows would cost more time and memory
    values = rows.values_list(*_COLUMNS)
    for (
        name,
        email,
        gone,
        _course,
        course,
        _group,
        group,
        status,
        done,
        percent,
        since,
        changed,
        seen,
    ) in values.iterator(chunk_size=1000):
        days = (now - seen).days if seen else None
        who = [former, ""] if gone else [name, email]
        yield [*who, course, group or "", labels[status], done, percent, since, changed, seen, days]


def summary_by_course(courses: QuerySet[Any]) -> dict[int, dict[str, int]]:
    """Return the counts of `summary` for many courses in one query, by the id of the course."""
    counts = {name: Count("pk", filter=condition) for name, condition in summary_filters().items()}
    rows: Any = Enrollment.objects.filter(course__in=courses).order_by().values("course_id").annotate(**counts)
    return {row.pop("course_id"): row for row in rows}

"""Progress of students: which lessons are done, and which lesson comes next."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.db.models import PositiveIntegerField, UUIDField, Value
from django.db.models.functions import Cast

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.courses.models import CoursePage
from learning.courses.programme import Programme, ProgrammeLesson, programmes_of
from learning.enrollment.models import Beginning, Completion, Enrollment, Position, Seats
from learning.enrollment.plans import Plan, plan_of, plans_of, programme_for


def percent_of(done: int, of: int) -> int:
    """Percent of lessons done: 0 only where none is, and 100 only where all are, however many there are."""
    if done >= of:
        return 100 if of else 0
    return min(99, max(1, round(100 * done / of))) if done else 0


@dataclass(frozen=True)
class Progress:
    """Progress of one student in one course: done lessons, minutes left, and the next lesson."""

    programme: Programme
    done: frozenset[int]
    last_lesson_id: int | None = None
    last_block_id: UUID | None = None
    closed: Mapping[int, datetime] = field(default_factory=dict)  # lessons that are not open yet, with the instant

    @cached_property
    def count(self) -> int:
        return sum(1 for lesson in self.programme.lessons if lesson.id in self.done)

    @property
    def of(self) -> int:
        return len(self.programme.lessons)

    @property
    def percent(self) -> int:
        return percent_of(self.count, self.of)

    @cached_property
    def minutes_left(self) -> int:
        return sum(lesson.minutes for lesson in self.programme.lessons if lesson.id not in self.done)

    @property
    def finished(self) -> bool:
        return self.of > 0 and self.count == self.of

    @property
    def continue_url(self) -> str:
        """The address of *Continue*: the next lesson; the last block, where the student stopped in that lesson; or the
        introduction of its module, where the student has not begun that module."""
        lesson = self.next_lesson
        if lesson is None:
            return ""
        is_here = lesson.id == self.last_lesson_id
        if is_here and self.last_block_id is not None:
            return f"{lesson.url}#b-{self.last_block_id}"
        module = self.programme.introduction_before(lesson.id)
        begins = module is not None and not is_here and not any(part.id in self.done for part in module.lessons)
        return module.url if module and begins else lesson.url

    @cached_property
    def next_lesson(self) -> ProgrammeLesson | None:
        """Where *Continue* leads: the lesson where the student stopped; if it is done, the next undone one after it, or
        before it; if all are done, the first lesson. None while all the others are still closed."""
        lessons = [lesson for lesson in self.programme.lessons if lesson.id not in self.closed]
        place = next((i for i, lesson in enumerate(lessons) if lesson.id == self.last_lesson_id), 0)
        for lesson in [*lessons[place:], *lessons[:place]]:
            if lesson.id not in self.done:
                return lesson
        return lessons[0] if lessons and self.finished else None

    @property
    def opens_at(self) -> datetime | None:
        """When the next lesson opens, if all open lessons are done."""
        coming = [at for pk, at in self.closed.items() if pk not in self.done]
        return min(coming) if coming and self.next_lesson is None else None


_done = CompiledQuery(
    lambda user_id, ids: Completion.objects.filter(user_id=user_id, lesson_id__in=ids).values_list("lesson_id")
)


_groups = CompiledQuery(
    lambda user_id, course_ids: (
        Enrollment.objects.reading()
        .filter(user_id=user_id, course_id__in=course_ids)
        .order_by()
        .values_list("course_id", "group_id")
    )
)
# Done lessons, as (NULL, lesson, NULL), and positions, as (course, lesson, block): every page that shows progress needs
# both, and gets them in one query.
_done_and_places = CompiledQuery(
    lambda user_id, lesson_ids, course_ids: (
        Completion.objects.filter(user_id=user_id, lesson_id__in=lesson_ids)
        # typed NULLs: the two halves of a UNION must agree, and Django reads all rows by the types of the first
        .values_list(Cast(Value(None), PositiveIntegerField()), "lesson_id", Cast(Value(None), UUIDField()))
        .union(
            Position.objects.filter(user_id=user_id, course_id__in=course_ids).values_list(
                "course_id", "lesson_id", "block_id"
            ),
            all=True,
        )
    )
)


def done_lessons(user: User, programme: Programme) -> frozenset[int]:
    """Ids of the lessons of this programme that the person has done."""
    ids = [lesson.id for lesson in programme.lessons]
    return frozenset(row[0] for row in _done.rows(user.pk, ids))


def progress_of(
    user: User, courses: Iterable[CoursePage], groups: Mapping[int, int | None] | None = None
) -> dict[int, Progress]:
    """Progress by the id of the course, each in the programme that the person's group sees.

    `groups` are those groups, by the id of the course, where the caller has read the enrolments already. Two queries
    for any number of courses, one with `groups`, one more where modules are still to open, three more for what is not
    cached.
    """
    courses = list(courses)
    programmes_of(courses)  # one query for all that are not cached
    if groups is None:
        groups = dict(_groups.rows(user.pk, [course.pk for course in courses]))
    found = plans_of((course, groups.get(course.pk)) for course in courses)
    return _progress_in(user, [(course, found[course.pk, groups.get(course.pk)]) for course in courses])


def progress_in_plan(user: User, course: CoursePage, plan: Plan) -> Progress:
    """Progress in one course as this plan shows it; one query, one more where modules are still to open."""
    return _progress_in(user, [(course, plan)])[course.pk]


def _progress_in(user: User, courses: list[tuple[CoursePage, Plan]]) -> dict[int, Progress]:
    plans = {course.pk: plan for course, plan in courses}
    programmes = {course.pk: programme_for(course, plan) for course, plan in courses}
    lesson_ids = [lesson.id for programme in programmes.values() for lesson in programme.lessons]
    # a compiled query with an empty list asks nothing; [0] keeps the positions where there are no lessons
    rows = _done_and_places.rows(user.pk, lesson_ids or [0], list(programmes))
    done = frozenset(lesson_id for course_id, lesson_id, _block in rows if course_id is None)
    places = {course_id: (lesson_id, block_id) for course_id, lesson_id, block_id in rows if course_id is not None}
    closed = _closed_lessons(user, programmes, plans)
    return {
        pk: Progress(programme, done, *places.get(pk, (None, None)), closed.get(pk, {}))
        for pk, programme in programmes.items()
    }


def _closed_lessons(
    user: User, programmes: dict[int, Programme], plans: dict[int, Plan]
) -> dict[int, dict[int, datetime]]:
    """The lessons of each course that are not open to the person yet, with the instant when they will be."""
    modules = {module_id: at for plan in plans.values() for module_id, at in plan.closed_modules().items()}
    if not modules:
        return {}
    begun = set(Beginning.objects.filter(user=user, module_id__in=modules).values_list("module_id", flat=True))
    return {
        pk: {
            lesson.id: modules[module.id]
            for module in programme.modules
            if module.id in modules and module.id not in begun
            for lesson in module.lessons
            # a free preview is open in a closed module too, as in `access_to_part`
            if not lesson.free_preview
        }
        for pk, programme in programmes.items()
    }


COUNT_BATCH_SIZE = 500


def counted(course: CoursePage) -> Iterator[list[tuple[Enrollment, Progress]]]:
    """Yield the enrolments of a course with their progress in batches, so that memory does not grow with the course."""
    # by key and not by OFFSET: rows that come or go meanwhile do not shift the others
    last = 0
    rows = Enrollment.objects.filter(course_id=course.pk).order_by("pk")
    while part := list(rows.filter(pk__gt=last)[:COUNT_BATCH_SIZE]):
        last = part[-1].pk
        yield _with_progress(course, part)


def _with_progress(course: CoursePage, part: Sequence[Enrollment]) -> list[tuple[Enrollment, Progress]]:
    programmes = {row.group_id: programme_for(course, plan_of(course, row.group_id)) for row in part}
    lessons = {lesson.id for programme in programmes.values() for lesson in programme.lessons}
    done: dict[int, set[int]] = defaultdict(set)
    pairs = Completion.objects.filter(user_id__in=[row.user_id for row in part], lesson_id__in=lessons)
    for user_id, lesson_id in pairs.values_list("user_id", "lesson_id"):
        done[user_id].add(lesson_id)
    return [(row, Progress(programmes[row.group_id], frozenset(done[row.user_id]))) for row in part]


def recount_progress(course_id: int) -> int:
    """Recalculate the stored progress of everyone, after the programme or a group's part of it has changed.

    Returns how many rows were changed. Safe to run at any time.
    """
    course = CoursePage.objects.filter(pk=course_id).first()
    changed = 0
    for part in counted(course) if course is not None else ():
        stale = [row.pk for row, progress in part if _is_stale(row, progress)]
        if stale and course is not None:
            changed += _recount(course, stale)
    return changed


def _is_stale(row: Enrollment, progress: Progress) -> bool:
    return (row.done, row.percent) != (progress.count, progress.percent)


@transaction.atomic
def _recount(course: CoursePage, ids: Sequence[int]) -> int:
    """Count these enrolments once more under their lock: a lesson may have been marked done since."""
    Seats.objects.lock(course.pk)  # before the rows, as in every other action: one order of locks
    rows = list(Enrollment.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    changed = []
    for row, progress in _with_progress(course, rows):
        if _is_stale(row, progress):
            row.done, row.percent = progress.count, progress.percent
            changed.append(row)
    Enrollment.objects.bulk_update(changed, ["done", "percent"])
    return len(changed)

"""What a student has done of a course, and where they go on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from learning.accounts.models import User
from learning.base.compiled import CompiledQuery
from learning.courses.models import CoursePage, LessonPage
from learning.courses.programme import Programme, ProgrammeLesson, programmes_of
from learning.enrollment.actions import complete
from learning.enrollment.machine import lock_seats
from learning.enrollment.models import Beginning, BlockCompletion, Completion, Enrollment, Position
from learning.enrollment.plans import Plan, plan_of, plans_of, programme_for
from learning.enrollment.statuses import Status


@dataclass(frozen=True)
class Progress:
    """Done / of, minutes left and the lesson to go on with."""

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
        return round(100 * self.count / self.of) if self.of else 0

    @cached_property
    def minutes_left(self) -> int:
        return sum(lesson.minutes for lesson in self.programme.lessons if lesson.id not in self.done)

    @property
    def finished(self) -> bool:
        return self.of > 0 and self.count == self.of

    @property
    def continue_url(self) -> str:
        """The address of *Continue*: the lesson, and in the lesson one stopped in the block one stopped at; where a
        module begins with it, the introduction of the module."""
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
        """Where *Continue* leads: the lesson one stopped in; when that is done, the first open one after it, then
        the first open one at all; when all is done, the first lesson. Nothing while the rest is still to open."""
        lessons = [lesson for lesson in self.programme.lessons if lesson.id not in self.closed]
        place = next((i for i, lesson in enumerate(lessons) if lesson.id == self.last_lesson_id), 0)
        for lesson in [*lessons[place:], *lessons[:place]]:
            if lesson.id not in self.done:
                return lesson
        return lessons[0] if lessons and self.finished else None

    @property
    def opens_at(self) -> datetime | None:
        """When the next lesson opens, where all that is open is done."""
        coming = [at for pk, at in self.closed.items() if pk not in self.done]
        return min(coming) if coming and self.next_lesson is None else None


_done = CompiledQuery(
    lambda user_id, ids: Completion.objects.filter(user_id=user_id, lesson_id__in=ids).values_list("lesson_id")
)


def done_lessons(user: User, *programmes: Programme) -> frozenset[int]:
    """Ids of the lessons of these programmes that the person has done."""
    ids = [lesson.id for programme in programmes for lesson in programme.lessons]
    return frozenset(row[0] for row in _done.rows(user.pk, ids))


def progress_of(user: User, courses: Iterable[CoursePage]) -> dict[int, Progress]:
    """Progress by the id of the course, each in the programme that the person's group sees.

    Three queries for any number of courses, one more where modules are still to open, three more for what is not kept.
    """
    courses = list(courses)
    programmes_of(courses)  # reads all that are not kept at once
    mine = Enrollment.objects.reading().filter(user=user, course_id__in=[course.pk for course in courses])
    groups = dict(mine.values_list("course_id", "group_id"))
    found = plans_of((course, groups.get(course.pk)) for course in courses)
    plans = {course.pk: found[course.pk, groups.get(course.pk)] for course in courses}
    programmes = {course.pk: programme_for(course, plans[course.pk]) for course in courses}
    done = done_lessons(user, *programmes.values())
    stopped = Position.objects.filter(user=user, course_id__in=programmes)
    places: dict[int, tuple[int | None, UUID | None]] = {
        course_id: (lesson_id, block_id)
        for course_id, lesson_id, block_id in stopped.values_list("course_id", "lesson_id", "block_id")
    }
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
            if not lesson.free_preview
        }
        for pk, programme in programmes.items()
    }


def _begin(enrollment: Enrollment, lesson: LessonPage) -> None:
    """The student has begun the lesson's module, if it has opened for them (a free preview may be read before):
    it never closes on them again."""
    if plan_of(lesson.course, enrollment.group_id).opens_at(lesson.pk):
        return
    module_id = Page.objects.filter(path=lesson.path[: -Page.steplen]).values_list("pk", flat=True).first()
    if module_id:
        Beginning.objects.get_or_create(user_id=enrollment.user_id, module_id=module_id)


@transaction.atomic
def set_done(*, enrollment: Enrollment, lesson: LessonPage, done: bool = True) -> Progress:
    """Mark a lesson done, or not done again; the last one completes the course.

    A completed course stays completed, whatever is unmarked or added later.
    """
    if done:
        Completion.objects.get_or_create(user_id=enrollment.user_id, lesson_id=lesson.pk)
        _begin(enrollment, lesson)
    else:
        Completion.objects.filter(user_id=enrollment.user_id, lesson_id=lesson.pk).delete()
    progress = progress_of(enrollment.user, [lesson.course])[lesson.course.pk]
    if progress.finished and enrollment.status == Status.ACTIVE:
        complete(enrollment=enrollment)  # takes the lock of the seats, which comes before that of any enrolment
    counts = {"done": progress.count, "percent": progress.percent, "last_read_at": timezone.now()}
    Enrollment.objects.filter(pk=enrollment.pk).update(**counts)
    return progress


@transaction.atomic
def set_played(*, enrollment: Enrollment, lesson: LessonPage, block_id: UUID) -> bool:
    """A required video or recording has been played to 90 %; returns whether the lesson is done by it."""
    required = lesson.required_blocks()
    if str(block_id) not in required:
        return False
    BlockCompletion.objects.get_or_create(user_id=enrollment.user_id, lesson_id=lesson.pk, block_id=block_id)
    played = BlockCompletion.objects.filter(user_id=enrollment.user_id, lesson_id=lesson.pk)
    if required <= {str(pk) for pk in played.values_list("block_id", flat=True)}:
        set_done(enrollment=enrollment, lesson=lesson)
        return True
    return False


def set_position(*, enrollment: Enrollment, lesson: LessonPage, block_id: UUID | None) -> None:
    """Remember where the student stopped. Opening the lesson again, without a block, keeps the block of before."""
    now = timezone.now()
    place = {"user_id": enrollment.user_id, "course_id": enrollment.course_id}
    opened_again = block_id is None and Position.objects.filter(**place, lesson_id=lesson.pk).update(at=now)
    if not opened_again:
        facts = {"lesson_id": lesson.pk, "block_id": block_id, "at": now}
        Position.objects.update_or_create(**place, defaults=facts)
    Enrollment.objects.filter(pk=enrollment.pk).update(last_read_at=now)
    _begin(enrollment, lesson)


COUNTED_AT_ONCE = 500


def recount_progress(course_id: int, *, complete_finished: bool = False) -> int:
    """Count everyone's done lessons anew after the programme or a group's part of it has changed.

    With `complete_finished`, who has nothing left to do completes the course by it. That cannot be undone, so it
    waits for the night: a module may be away for an hour only. Returns how many rows were changed. Safe to run at
    any time; memory does not grow with the course.
    """
    course = CoursePage.objects.filter(pk=course_id).first()
    if course is None:
        return 0
    changed, last = 0, 0
    rows = Enrollment.objects.filter(course_id=course_id).order_by("pk")
    while chunk := list(rows.filter(pk__gt=last)[:COUNTED_AT_ONCE]):
        last = chunk[-1].pk
        programmes = {row.group_id: programme_for(course, plan_of(course, row.group_id)) for row in chunk}
        lessons = {lesson.id for programme in programmes.values() for lesson in programme.lessons}
        done: dict[int, set[int]] = defaultdict(set)
        pairs = Completion.objects.filter(user_id__in=[row.user_id for row in chunk], lesson_id__in=lessons)
        for user_id, lesson_id in pairs.values_list("user_id", "lesson_id"):
            done[user_id].add(lesson_id)
        stale, finished = [], []
        for row in chunk:
            progress = Progress(programmes[row.group_id], frozenset(done[row.user_id]))
            if (row.done, row.percent) != (progress.count, progress.percent):
                row.done, row.percent = progress.count, progress.percent
                stale.append(row)
            if complete_finished and progress.finished and row.status == Status.ACTIVE:
                finished.append(row)
        with transaction.atomic():
            lock_seats(course_id)  # before the rows, as every other verb does
            Enrollment.objects.bulk_update(stale, ["done", "percent"])
        for row in finished:
            complete(enrollment=row)
        changed += len(stale)
    return changed

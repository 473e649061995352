"""What a student has done of a course, and where they go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from learning.accounts.models import User
from learning.courses.compiled import CompiledQuery
from learning.courses.models import CoursePage, LessonPage
from learning.courses.programme import Programme, ProgrammeLesson, programmes_of
from learning.enrollment.actions import complete
from learning.enrollment.models import BlockCompletion, Completion, Enrollment, Position
from learning.enrollment.statuses import Status


@dataclass(frozen=True)
class Progress:
    """Done / of, minutes left and the lesson to go on with."""

    programme: Programme
    done: frozenset[int]
    last_lesson_id: int | None = None

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

    @cached_property
    def next_lesson(self) -> ProgrammeLesson | None:
        """Where *Continue* leads: the lesson one stopped in; when that is done, the first open one after it, then
        the first open one at all; when all is done, the first lesson."""
        lessons = self.programme.lessons
        place = next((i for i, lesson in enumerate(lessons) if lesson.id == self.last_lesson_id), 0)
        for lesson in [*lessons[place:], *lessons[:place]]:
            if lesson.id not in self.done:
                return lesson
        return lessons[0] if lessons else None


_done = CompiledQuery(
    lambda user_id, ids: Completion.objects.filter(user_id=user_id, lesson_id__in=ids).values_list("lesson_id")
)
_stopped = CompiledQuery(
    lambda user_id, ids: Position.objects.filter(user_id=user_id, course_id__in=ids).values_list(
        "course_id", "lesson_id"
    )
)


def done_lessons(user: User, *programmes: Programme) -> frozenset[int]:
    """Ids of the lessons of these programmes that the person has done."""
    ids = [lesson.id for programme in programmes for lesson in programme.lessons]
    return frozenset(row[0] for row in _done.rows(user.pk, ids))


def progress_of(user: User, courses: Iterable[CoursePage]) -> dict[int, Progress]:
    """Progress by the id of the course: two queries for any number of courses, one more for what is not kept."""
    programmes = programmes_of(courses)
    done = done_lessons(user, *programmes.values())
    positions = dict(Position.objects.filter(user=user, course_id__in=programmes).values_list("course_id", "lesson_id"))
    return {pk: Progress(programme, done, positions.get(pk)) for pk, programme in programmes.items()}


@transaction.atomic
def set_done(*, enrollment: Enrollment, lesson: LessonPage, done: bool = True) -> Progress:
    """Mark a lesson done, or not done again; the last one completes the course.

    A completed course stays completed, whatever is unmarked or added later.
    """
    if done:
        Completion.objects.get_or_create(user_id=enrollment.user_id, lesson_id=lesson.pk)
    else:
        Completion.objects.filter(user_id=enrollment.user_id, lesson_id=lesson.pk).delete()
    progress = progress_of(enrollment.user, [lesson.course])[lesson.course.pk]
    if progress.finished and enrollment.status == Status.ACTIVE:
        complete(enrollment=enrollment)
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
    """Remember where the student stopped."""
    now = timezone.now()
    Position.objects.update_or_create(
        user_id=enrollment.user_id,
        course_id=enrollment.course_id,
        defaults={"lesson_id": lesson.pk, "block_id": block_id, "at": now},
    )
    Enrollment.objects.filter(pk=enrollment.pk).update(last_read_at=now)

"""Marking lessons done, storing positions, and completing courses in which nothing is left to do."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from learning.courses.models import CoursePage, LessonPage
from learning.enrollment.actions import complete
from learning.enrollment.counting import Progress, counted, progress_of
from learning.enrollment.models import Beginning, BlockCompletion, Completion, Enrollment, Position
from learning.enrollment.plans import plan_of
from learning.enrollment.statuses import Status


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
    # `update` and not `save`: the status may have changed since the enrolment was read
    Enrollment.objects.filter(pk=enrollment.pk).update(**counts)
    return progress


def set_played(*, enrollment: Enrollment, lesson: LessonPage, block_id: UUID) -> bool:
    """A required video or recording has been played to 90 %; returns whether the lesson is done by it."""
    required = lesson.required_blocks()
    # the id comes from the browser: a made-up one must leave no row
    if str(block_id) not in required:
        return False
    # committed before the others are counted: of two that end at the same moment the later one sees both
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


def complete_finished(course_id: int) -> int:
    """Complete the course for those who have nothing left to do; returns how many.

    This cannot be undone, so it runs at night only: a module may be unpublished for just an hour.
    """
    course = CoursePage.objects.filter(pk=course_id).first()
    finished = [
        row
        for part in (counted(course) if course is not None else ())
        for row, progress in part
        if progress.finished and row.status == Status.ACTIVE
    ]
    # a transaction for each: other changes of the course need not wait for all of them
    for row in finished:
        complete(enrollment=row)
    return len(finished)

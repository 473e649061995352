"""The history of a lesson."""

from learning.accounts.models import User
from learning.tutoring.models import Lesson, LessonChange


def note_status(lesson: Lesson, before: str, actor: User | None, reason: str = "") -> LessonChange:
    return LessonChange.objects.create(
        lesson=lesson,
        kind=LessonChange.Kind.STATUS,
        before=before,
        after=lesson.status,
        actor=actor,
        reason=reason[:300],
    )

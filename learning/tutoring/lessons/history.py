"""The history of a lesson."""

from collections.abc import Iterable

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


def in_words(changes: Iterable[LessonChange]) -> list[tuple[LessonChange, str]]:
    """Each change with what it says; one query for the names of everyone in them."""
    changes = list(changes)
    people = User.objects.in_bulk({pk for change in changes for pk in change.people})
    names = {pk: person.get_full_name() for pk, person in people.items()}
    return [(change, change.words(names)) for change in changes]

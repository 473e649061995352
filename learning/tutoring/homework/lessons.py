"""Lesson pages of courses as parts of homework: named only to who may read them."""

from collections.abc import Iterable
from typing import Any

from learning.courses.models import LessonPage
from learning.enrollment.access import readable_parts
from learning.enrollment.served import served


def readable_lessons(user: Any, ids: Iterable[int]) -> dict[int, LessonPage]:
    """Those of these lesson pages that this person may read, by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    rows = LessonPage.objects.live().filter(readable_parts(user), pk__in=wanted)
    return {page.pk: page for page in served(rows, user)}

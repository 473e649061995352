"""How rows of learners point at pages: by number, without a constraint in the database, so that they never
block the moving or deleting of a page, and outlive it.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from learning.courses.models import CoursePage


def course_pointer(**kwargs: Any) -> models.ForeignKey:
    """A pointer at a course that joins like a foreign key and holds nothing back."""
    return models.ForeignKey(
        CoursePage,
        verbose_name=_("course"),
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        **kwargs,
    )

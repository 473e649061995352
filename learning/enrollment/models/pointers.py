"""References from enrolments to pages: by id, without a database constraint.

They never block moving or deleting a page, and stay when it is deleted.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from learning.courses.models import CoursePage


def course_pointer(**kwargs: Any) -> models.ForeignKey:
    """A foreign key to a course without a database constraint."""
    return models.ForeignKey(
        CoursePage,
        verbose_name=_("course"),
        # enrolments and their history stay when the course is deleted; `FormerCourse` keeps its title (decision 18)
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        **kwargs,
    )

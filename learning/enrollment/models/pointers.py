"""References from enrolments to pages: by id, without a database constraint.

So they never block moving or deleting a page, and outlive it.
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
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        **kwargs,
    )

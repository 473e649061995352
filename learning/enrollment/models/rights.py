"""Rights of a role in one course, in addition to its rights in the whole school."""

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from learning.enrollment.models.pointers import course_pointer


class CourseRight(models.Model):
    """A right of a group (role) in one course."""

    # the codes of the rights in the whole school: `change_course_rights` and `accounts.rights` compare the two
    class Right(models.TextChoices):
        READ = "read", _("Read lessons")
        WRITE = "write", _("Write lessons")
        PUBLISH = "publish", _("Publish")
        STUDENTS = "students", _("Look after students: enrolments, study groups, progress, letters")

    role = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="course_rights")
    course = course_pointer()
    right = models.CharField(_("right"), max_length=12, choices=Right.choices)

    class Meta:
        verbose_name = _("right in a course")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "course", "right"], name="enrollment_course_right_once")
        ]

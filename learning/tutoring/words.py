"""Teachers of private lessons see the words of their present students."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from learning.accounts.models import User
from learning.tutoring.access import managed_projects
from learning.tutoring.models import Project, ProjectStudent
from learning.vocabulary.sets.access import register_students_of


def present_students(teacher: Any) -> QuerySet[User]:
    """Those who take part today in a project of this teacher that has not ended."""
    projects = managed_projects(teacher).exclude(state=Project.State.ENDED)
    rows = ProjectStudent.objects.on(timezone.localdate()).filter(project__in=projects)
    return User.objects.filter(pk__in=rows.values("student_id"))


register_students_of(present_students)

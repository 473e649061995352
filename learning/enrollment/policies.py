"""What teachers may do in the CMS, in one place.

Wagtail keeps page rights per group. A teacher's rights are per course: they follow from the
team of the course and from the study groups the person teaches. The policy adds, for this person,
the rights that a group with "add" and "change" on each of those courses would have.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Q
from wagtail.models import GroupPagePermission
from wagtail.permission_policies.pages import PagePermissionPolicy

from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.models import StudyGroup

Person = User | AnonymousUser
OWN_COURSE_RIGHTS = ("add_page", "change_page")


def courses_taught_by(user: Person) -> Any:
    """Courses whose team the person is on, or a study group of which they teach."""
    if not user.is_authenticated:
        return CoursePage.objects.none()
    groups = StudyGroup.objects.filter(teachers=user).values("course_id")
    return CoursePage.objects.filter(Q(pk__in=groups) | Q(pk__in=user.teaches.values("course_id")))


class CourseTeamPagePolicy(PagePermissionPolicy):
    def get_all_permissions_for_user(self, user: User) -> Sequence[GroupPagePermission]:
        of_groups = super().get_all_permissions_for_user(user)
        if not user.is_active or user.is_anonymous or user.is_superuser:
            return of_groups
        rights = list(Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=OWN_COURSE_RIGHTS))
        courses = courses_taught_by(user).select_related("page_ptr")
        pairs = ((course, right) for course in courses for right in rights)
        # Wagtail puts these in sets, for which they need a key; none of the table's is negative
        own = [
            GroupPagePermission(pk=-number, page=course.page_ptr, permission=right)
            for number, (course, right) in enumerate(pairs, start=1)
        ]
        return [*of_groups, *own]


def manages_everything(user: Person) -> bool:
    """Administrators see and change the enrolments of every course."""
    return user.is_authenticated and user.runs_school


def managed_courses(user: Person) -> Any:
    """Live and unpublished courses whose students this person looks after."""
    return CoursePage.objects.all() if manages_everything(user) else courses_taught_by(user)


def manages_course(user: Person, course_id: int) -> bool:
    """Whether the person looks after the students of this course; the list is kept on the user for the request."""
    if manages_everything(user):
        return True
    kept = user.__dict__.get("_managed_course_ids")
    if kept is None:
        kept = user.__dict__["_managed_course_ids"] = set(courses_taught_by(user).values_list("pk", flat=True))
    return course_id in kept

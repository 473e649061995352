"""What people may do in single courses, in one place: teachers in their own, roles in those that were given to them.

Wagtail keeps page rights per group. A teacher's rights are per course: they follow from the
team of the course and from the study groups the person teaches; and a role may have rights in some
courses (`CourseRight`). The policy adds, for this person, the page rights that follow.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from wagtail.models import GroupPagePermission, Page
from wagtail.permission_policies.pages import PagePermissionPolicy
from wagtail.permissions import policy_registry

from learning.accounts import deeds
from learning.accounts.actions import record
from learning.accounts.models import User
from learning.accounts.rights import change_rights, may_change_rights_of, rights_of, rights_of_groups
from learning.accounts.roles import ACCESS_CMS
from learning.base.caching import cached_for
from learning.courses.models import CoursePage
from learning.enrollment.models import CourseRight, StudyGroup

Person = User | AnonymousUser
Right = CourseRight.Right
# without PUBLISH: a team writes, and only a role gets the right to publish
TEAM_RIGHTS = frozenset({Right.READ, Right.WRITE, Right.STUDENTS})
PAGE_VERBS = {Right.WRITE: ("add_page", "change_page"), Right.PUBLISH: ("publish_page", "lock_page", "unlock_page")}


def courses_with(user: Person, right: CourseRight.Right) -> Any:
    """Courses where the person has this right: as a member of the team, as a group's teacher, or by a role."""
    # a closed account keeps its teams, groups and roles as rows, but no right
    if not user.is_authenticated or not user.is_active:
        return CoursePage.objects.none()
    given = CourseRight.objects.filter(role__user=user, right=right).values("course_id")
    wanted = Q(pk__in=given)
    if right in TEAM_RIGHTS:
        groups = StudyGroup.objects.filter(teachers=user).values("course_id")
        wanted |= Q(pk__in=groups) | Q(pk__in=user.teaches.values("course_id"))
    return CoursePage.objects.filter(wanted)


def _courses_to_work_on(user: User) -> Any:
    """Courses that the person may write or publish in, with `writes` and `publishes`; one query."""

    def given(right: CourseRight.Right) -> Exists:
        return Exists(CourseRight.objects.filter(role__user=user, right=right, course_id=OuterRef("pk")))

    # subqueries and not joins: a course with several groups or roles stays one row
    groups = Exists(StudyGroup.objects.filter(teachers=user, course_id=OuterRef("pk")))
    team = Exists(user.teaches.filter(course_id=OuterRef("pk")))
    rows = CoursePage.objects.annotate(
        writes=Q(team) | Q(groups) | Q(given(Right.WRITE)), publishes=given(Right.PUBLISH)
    )
    return rows.filter(Q(writes=True) | Q(publishes=True)).select_related("page_ptr")


# safe to cache: rows of the table of permissions, the same for everyone; who has them is asked each time
@cached_for(seconds=60)
def _page_verbs() -> dict[str, Permission]:
    names = {verb for verbs in PAGE_VERBS.values() for verb in verbs}
    found = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=names)
    return {permission.codename: permission for permission in found.select_related("content_type")}


class CourseTeamPagePolicy(PagePermissionPolicy):
    """Wagtail's policy for pages, with the rights that follow from teams, study groups and `CourseRight`."""

    def get_all_permissions_for_user(self, user: User) -> Sequence[GroupPagePermission]:
        of_groups = super().get_all_permissions_for_user(user)
        if not user.is_active or user.is_anonymous or user.is_superuser:
            return of_groups
        verbs = _page_verbs()
        everywhere = {row.permission_id for row in of_groups if row.page.depth == 1}
        if {permission.pk for permission in verbs.values()} <= everywhere:
            return of_groups  # who may do all this on every page gets nothing more from single courses
        pairs = []
        for course in _courses_to_work_on(user):
            for right, holds in ((Right.WRITE, course.writes), (Right.PUBLISH, course.publishes)):
                pairs += [(course, verbs[name]) for name in PAGE_VERBS[right] if holds]
        # Wagtail puts these rows in sets, so each needs a key; no row of the table has a negative one
        own = [
            GroupPagePermission(pk=-number, page=course.page_ptr, permission=verb)
            for number, (course, verb) in enumerate(pairs, start=1)
        ]
        return [*of_groups, *own]


def sees_page(user: Any, page: Page) -> bool:
    """Whether the CMS may show this page's title to a person: pages they work on, the pages above those, and courses
    whose students they look after. No query for each page: rights are stored on the user."""
    if user.is_active and user.is_superuser:
        return True
    policy: Any = policy_registry.get_by_type(Page)
    own = [row.page.path for row in policy.get_cached_permissions_for_user(user)]
    return any(page.path.startswith(path) or path.startswith(page.path) for path in own) or manages_course(
        user, page.pk
    )


def may_name_teachers(user: User, course_id: int) -> bool:
    """Whether the person may make someone a group's teacher, who reads and writes the course: only those who may write
    there themselves (promise 7)."""
    return "write" in rights_of(user) or courses_with(user, Right.WRITE).filter(pk=course_id).exists()


def manages_everything(user: Person) -> bool:
    """Whether the person looks after the students of every course."""
    return user.is_authenticated and user.runs_school


def managed_courses(user: Person) -> Any:
    """Live and unpublished courses whose students this person looks after."""
    if manages_everything(user):
        return CoursePage.objects.all()
    # to be on a team is not enough: the school may have taken this right from the whole role
    if not user.is_authenticated or not user.has_perm("enrollment.change_enrollment"):
        return CoursePage.objects.none()
    return courses_with(user, Right.STUDENTS)


def manages_course(user: Person, course_id: int) -> bool:
    """Whether the person looks after the students of this course; the list is kept on the user for the request."""
    if manages_everything(user):
        return True
    # kept on the user of this request and in no cache: a right that is taken away ends with the request
    kept = user.__dict__.get("_managed_course_ids")
    if kept is None:
        kept = user.__dict__["_managed_course_ids"] = set(managed_courses(user).values_list("pk", flat=True))
    return course_id in kept


@transaction.atomic
def change_course_rights(*, group: Group, course: CoursePage, codes: set[str], actor: User) -> None:
    """Give a role exactly these rights in one course. Their names are those of the rights in the whole school.

    Raises PermissionDenied where the actor lacks one of them there, or would change a role of their own.
    A role that gets its first right in a course may enter the CMS; one that looks after students there gets
    the right to look after the students of its courses.
    """
    # two people who save the same boxes at once: the second one finds nothing to change
    group = Group.objects.select_for_update().get(pk=group.pk)
    before = set(CourseRight.objects.filter(role=group, course=course).values_list("right", flat=True))
    if codes == before:
        return
    own = rights_of(actor)
    # `before` too: nobody takes away a right that they lack (promise 7)
    if not may_change_rights_of(actor, group) or not codes | before <= own:
        raise PermissionDenied
    CourseRight.objects.filter(role=group, course=course, right__in=before - codes).delete()
    CourseRight.objects.bulk_create(CourseRight(role=group, course=course, right=code) for code in codes - before)
    needed = {"own_students"} if Right.STUDENTS in codes else set()
    held = rights_of_groups([group])[group.pk]
    if not needed <= held:
        change_rights(group=group, codes={*held, *needed}, actor=actor)
    if codes - {Right.READ}:
        app_label, codename = ACCESS_CMS.split(".")
        group.permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
    record(
        deeds.RIGHTS,
        actor=actor,
        course_id=course.pk,
        facts={"role": group.name, "given": sorted(codes - before), "taken": sorted(before - codes)},
    )

"""Which pictures and files a teacher works with: those of the collections of their own courses."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Permission
from wagtail.models import GroupCollectionPermission
from wagtail.permission_policies.collections import CollectionOwnershipPermissionPolicy

from learning.accounts.models import User
from learning.enrollment.policies import courses_taught_by
from learning.library.models import CourseCollection


class CourseTeamCollectionPolicy(CollectionOwnershipPermissionPolicy):
    """Adds, for this person, the rights a group with add, change and choose on these collections would have."""

    def get_all_permissions_for_user(self, user: User) -> Sequence[GroupCollectionPermission]:
        of_groups = super().get_all_permissions_for_user(user)
        if not user.is_active or user.is_anonymous or user.is_superuser:
            return of_groups
        model = self.auth_model._meta
        names = [f"{verb}_{model.model_name}" for verb in ("add", "change", "choose")]
        rights: list[Any] = list(
            Permission.objects.filter(content_type__app_label=model.app_label, codename__in=names).select_related(
                "content_type"
            )
        )
        courses = courses_taught_by(user).values("pk")
        own = CourseCollection.objects.filter(course_id__in=courses).select_related("collection")
        pairs = ((row, right) for row in own for right in rights)
        # Wagtail puts these in sets, for which they need a key; none of the table's is negative
        mine = [
            GroupCollectionPermission(pk=-number, collection=row.collection, permission=right)
            for number, (row, right) in enumerate(pairs, start=1)
        ]
        return [*of_groups, *mine]

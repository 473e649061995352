"""Which pictures and files a teacher works with: those of the collections of their own courses."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Case, When
from wagtail.models import GroupCollectionPermission
from wagtail.permission_policies.collections import CollectionOwnershipPermissionPolicy

from learning.accounts.models import User
from learning.base.caching import cached_for
from learning.enrollment.rights import Right, courses_with
from learning.library.models import CourseCollection
from learning.library.uploads import suggested_collection_id


class CourseTeamCollectionPolicy(CollectionOwnershipPermissionPolicy):
    """Add the rights of the team: as a group with add, change and choose on the collections of their courses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Wagtail caches the answer on the user under one name for all collection policies; here it differs by model.
        self.permission_cache_name = f"_collection_permission_cache_{self.auth_model._meta.model_name}"

    def get_all_permissions_for_user(self, user: User) -> Sequence[GroupCollectionPermission]:
        of_groups = self._of_groups(user)
        if not user.is_active or user.is_anonymous or user.is_superuser:
            return of_groups
        rights = _rights_on(self.auth_model._meta.app_label, self.auth_model._meta.model_name or "")
        # depth 1 is the root collection: rights on it hold in every collection below
        everywhere = {row.permission_id for row in of_groups if row.collection.depth == 1}
        if {right.pk for right in rights} <= everywhere:
            return of_groups  # who may do all this in every collection gets nothing more from single ones
        courses = courses_with(user, Right.WRITE).values("pk")
        own = CourseCollection.objects.filter(course_id__in=courses).select_related("collection")
        pairs = ((row, right) for row in own for right in rights)
        # Wagtail puts these in sets, for which they need a key; none of the table's is negative
        mine = [
            GroupCollectionPermission(pk=-number, collection=row.collection, permission=right)
            for number, (row, right) in enumerate(pairs, start=1)
        ]
        return [*of_groups, *mine]

    def _of_groups(self, user: User) -> Sequence[GroupCollectionPermission]:
        """What the person's groups may do: the same for every model, so asked for once and kept as Wagtail does."""
        name = CollectionOwnershipPermissionPolicy.permission_cache_name
        if not hasattr(user, name):
            setattr(user, name, super().get_all_permissions_for_user(user))
        found: Sequence[GroupCollectionPermission] = getattr(user, name)
        return found

    def collections_user_has_any_permission_for(self, user: User, actions: Any) -> Any:
        """Put the collection of the edited course first, because forms preselect the first one."""
        collections = super().collections_user_has_any_permission_for(user, actions)
        suggested = suggested_collection_id(user)
        if suggested is None:
            return collections
        return collections.order_by(Case(When(pk=suggested, then=0), default=1), "path")


# these rows change only with a migration; which of them a person has is asked at each request
@cached_for(seconds=60)
def _rights_on(app_label: str, model_name: str) -> list[Any]:
    names = [f"{verb}_{model_name}" for verb in ("add", "change", "choose")]
    found = Permission.objects.filter(content_type__app_label=app_label, codename__in=names)
    return list(found.select_related("content_type"))

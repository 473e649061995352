"""File lists of the CMS's internal API. Wagtail shows all files to everyone in the CMS; these ask the policy."""

from typing import Any

from django.db.models import QuerySet
from wagtail.documents.api.admin.views import DocumentsAdminAPIViewSet
from wagtail.images.api.admin.views import ImagesAdminAPIViewSet
from wagtail.permissions import policy_registry

_WORK = {"add", "change", "delete", "choose"}


class _Own:
    model: Any
    request: Any

    def get_queryset(self) -> QuerySet[Any]:
        # without this a teacher would see the titles of every course's files (promise 6)
        policy: Any = policy_registry.get_by_type(self.model)
        mine = policy.instances_user_has_any_permission_for(self.request.user, _WORK)
        rows: QuerySet[Any] = super().get_queryset()  # type: ignore[misc]
        return rows.filter(pk__in=mine.values("pk"))


class OwnImagesAdminAPI(_Own, ImagesAdminAPIViewSet):
    pass


class OwnDocumentsAdminAPI(_Own, DocumentsAdminAPIViewSet):
    pass

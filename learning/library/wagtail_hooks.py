from typing import Any

from wagtail import hooks
from wagtail.documents.views import bulk_actions as of_files
from wagtail.images.views import bulk_actions as of_pictures

from learning.enrollment.cms_door import VisibleOnly, guarded_bulk_actions
from learning.library import sharing
from learning.library.access import may_use_file
from learning.library.api import OwnDocumentsAdminAPI, OwnImagesAdminAPI


@hooks.register("construct_admin_api", order=100)
def list_only_own_files(router: Any) -> None:
    router.register_endpoint("images", OwnImagesAdminAPI)
    router.register_endpoint("documents", OwnDocumentsAdminAPI)


ACTIONS = [
    kind
    for module in (of_pictures, of_files)
    for kind in (module.AddToCollectionBulkAction, module.AddTagsBulkAction, module.DeleteBulkAction)
]


class OnlyUsable(VisibleOnly):
    def sees(self, thing: Any) -> bool:
        return may_use_file(self.request.user, thing)


# Wagtail's own bulk actions name the chosen files before they ask for rights (promise 6)
for action in guarded_bulk_actions(ACTIONS, OnlyUsable):
    hooks.register("register_bulk_action", action, order=10)
hooks.register("check_new_references", sharing.check_files)
hooks.register("note_new_references", sharing.note_files)
hooks.register("after_copy_page", sharing.share_with_copy)
hooks.register("after_create_page", sharing.share_with_new)

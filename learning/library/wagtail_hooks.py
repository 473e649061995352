from typing import Any

from wagtail import hooks

from learning.library.api import OwnDocumentsAdminAPI, OwnImagesAdminAPI


@hooks.register("construct_admin_api", order=100)
def list_only_own_files(router: Any) -> None:
    router.register_endpoint("images", OwnImagesAdminAPI)
    router.register_endpoint("documents", OwnDocumentsAdminAPI)

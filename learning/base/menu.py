"""The menu item that the CMS screens of all apps share."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from wagtail.admin.menu import MenuItem


class ScreenMenuItem(MenuItem):
    """A screen of the CMS, shown to the users for whom `shown_to` is true."""

    def __init__(self, label: Any, url: Any, *, shown_to: Callable[[Any], bool], **kwargs: Any) -> None:
        super().__init__(label, url, **kwargs)
        self.shown_to = shown_to

    def is_shown(self, request: HttpRequest) -> bool:
        return self.shown_to(request.user)


def has_permission(permission: str) -> Callable[[Any], bool]:
    """Return a test for `shown_to`: whether a user has this permission, such as `accounts.change_user`."""
    return lambda user: user.has_perm(permission)

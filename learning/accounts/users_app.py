"""Wagtail's user management with our screens; installed in place of `wagtail.users`."""

from wagtail.users.apps import WagtailUsersAppConfig


class PeopleAdminConfig(WagtailUsersAppConfig):
    user_viewset = "learning.accounts.admin.PersonViewSet"

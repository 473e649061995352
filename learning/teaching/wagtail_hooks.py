from typing import Any

from django.urls import path
from wagtail import hooks
from wagtail_modeladmin.options import modeladmin_register

from learning.teaching.admin.audit import audit
from learning.teaching.admin.enrollments import BULK_ACTIONS, change_status, enrollments, undo_changes
from learning.teaching.admin.invitations import INVITATION_ACTIONS, invitations
from learning.teaching.admin.menu import LearningGroup, page_buttons
from learning.teaching.admin.rights import rights

modeladmin_register(LearningGroup)
hooks.register("register_page_header_buttons", page_buttons)
for action in (*BULK_ACTIONS, *INVITATION_ACTIONS):
    hooks.register("register_bulk_action", action)


@hooks.register("register_admin_viewset")
def register_screens() -> list[Any]:
    return [enrollments, invitations, audit]


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return [
        path("enrollment/<int:pk>/status/", change_status, name="enrollment_status"),
        path("enrollment/undo/", undo_changes, name="enrollment_undo"),
        path("rights/", rights, name="rights"),
    ]

from wagtail import hooks

from learning.accounts.admin import (
    OthersRoleBulkAction,
    PersonActiveStateBulkAction,
    PersonDeleteBulkAction,
    teacher_chooser,
)

hooks.register("register_bulk_action", PersonDeleteBulkAction, order=10)
hooks.register("register_bulk_action", OthersRoleBulkAction, order=10)
hooks.register("register_bulk_action", PersonActiveStateBulkAction, order=10)


@hooks.register("register_admin_viewset")
def register_teacher_chooser():  # type: ignore[no-untyped-def]
    return teacher_chooser

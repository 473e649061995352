from functools import partial
from typing import Any

from wagtail import hooks

from learning.tutoring.admin import bulk, report, screens
from learning.tutoring.forgetting import forget_person

hooks.register("forget_person", forget_person)
hooks.register("register_admin_urls", lambda: report.addresses)
for action in bulk.ACTIONS:
    hooks.register("register_bulk_action", action)
for place in range(len(report.menu_items())):
    # one function for each item: the hook asks for one item at a time
    hooks.register("register_learning_menu_item", partial(lambda number: report.menu_items()[number], place))


@hooks.register("register_admin_viewset")
def register_screens() -> list[Any]:
    return list(screens.VIEWSETS)

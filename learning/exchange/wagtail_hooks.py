from typing import Any

from wagtail import hooks

from learning.exchange.people.admin import addresses, menu_item
from learning.exchange.people.importing import forget

hooks.register("register_learning_menu_item", menu_item)


hooks.register("forget_person", forget)


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return addresses

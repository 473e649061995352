from typing import Any

from wagtail import hooks

from home import admin, people_admin

hooks.register("register_learning_menu_item", admin.menu_item)


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return [*admin.addresses, *people_admin.addresses]

from typing import Any

from wagtail import hooks

from home import admin, desk, people_admin

hooks.register("register_learning_menu_item", admin.menu_item)
hooks.register("construct_homepage_panels", desk.put_courses_first)
hooks.register("insert_global_admin_css", desk.own_colours)


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return [*admin.addresses, *people_admin.addresses]

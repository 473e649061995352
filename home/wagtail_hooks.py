from typing import Any

from wagtail import hooks

from home import desk, people_admin

hooks.register("construct_homepage_panels", desk.put_courses_first)
hooks.register("insert_global_admin_css", desk.own_colours)


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return people_admin.addresses

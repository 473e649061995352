from wagtail import hooks

from learning.jobs import admin

hooks.register("register_learning_menu_item", admin.menu_item)
hooks.register("register_admin_urls", lambda: admin.addresses)

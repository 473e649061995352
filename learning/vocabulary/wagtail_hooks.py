from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks

from learning.base.menu import ScreenMenuItem, has_permission
from learning.vocabulary.access import WRITE
from learning.vocabulary.admin import bulk, imports, media, screens
from learning.vocabulary.blocks import CHOOSER, check_word_sets
from learning.vocabulary.forgetting import forget_person

hooks.register("forget_person", forget_person)
hooks.register("check_new_references", check_word_sets)
for action in bulk.ACTIONS:
    hooks.register("register_bulk_action", action)


hooks.register("register_learning_menu_item", imports.menu_item)


@hooks.register("register_admin_urls")
def register_addresses() -> list[Any]:
    return [*imports.addresses, *media.addresses]


@hooks.register("register_admin_viewset")
def register_screens() -> list[Any]:
    return [*screens.VIEWSETS, CHOOSER]


@hooks.register("register_learning_menu_item")
def dictionary_item() -> ScreenMenuItem:
    address = reverse_lazy("vocabulary_words_cms:index")
    return ScreenMenuItem(
        _("Dictionary"), address, shown_to=has_permission(WRITE), name="dictionary", icon_name="openquote", order=60
    )


@hooks.register("register_learning_menu_item")
def sources_item() -> ScreenMenuItem:
    return ScreenMenuItem(
        _("Dictionary: sources"),
        reverse_lazy("vocabulary_sources_cms:index"),
        shown_to=has_permission("vocabulary.change_source"),
        name="dictionary-sources",
        icon_name="doc-empty",
        order=61,
    )

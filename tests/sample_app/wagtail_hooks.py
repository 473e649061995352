from wagtail import hooks
from wagtail.admin.menu import MenuItem

from learning.accounts.models import User
from learning.base.menu import ScreenMenuItem, has_permission
from tests.sample_app.models import Wish


@hooks.register("register_learning_menu_item")
def menu_item() -> MenuItem:
    return ScreenMenuItem("Wishes", "/cms/wishes/", shown_to=has_permission("sample.grant_wishes"), name="wishes")


@hooks.register("forget_person")
def forget(person: User) -> None:
    Wish.objects.filter(person=person).delete()

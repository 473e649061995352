from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from wagtail import hooks
from wagtail.models import Page
from wagtail.permissions import policy_registry

from learning.accounts.models import User
from learning.base.numbers import parse_ids
from learning.enrollment.cms_door import page_actions
from learning.enrollment.gate import gate
from learning.enrollment.models import Invitation
from learning.enrollment.rights import sees_page

# order 100 places the gate inside Wagtail's own hook (order 0): privacy settings answer before the door
hooks.register("on_serve_page", gate, order=100)
# order 10: Wagtail's registry keeps the last action of each type, and its own are registered at 0
for page_action in page_actions:
    hooks.register("register_bulk_action", page_action, order=10)


@hooks.register("forget_person")
def forget_invitations(person: User) -> None:
    Invitation.objects.filter(email=person.email.lower()).delete()


@hooks.register("construct_page_chooser_queryset")
def choose_among_own_pages(pages: QuerySet[Page], request: HttpRequest) -> QuerySet[Page]:
    """Limit page choosers to pages that the explorer shows: no lessons of other people's courses."""
    policy: Any = policy_registry.get_by_type(Page)
    return pages & policy.explorable_instances(request.user)


@hooks.register("before_move_page")
def move_only_what_one_may(request: HttpRequest, page: Page, destination: Page) -> None:
    """Check the right to move before Wagtail's question, which already shows the draft's title."""
    if not page.permissions_for_user(request.user).can_move_to(destination):
        raise PermissionDenied


@hooks.register("check_new_references")
def link_only_to_seen_pages(user: User, page: Page, references: set[tuple[type[Any], str]]) -> None:
    """Refuse links and prerequisites to drafts that the author may not see; published pages are free to all."""
    keys = parse_ids(key for model, key in references if issubclass(model, Page))
    # a saved link shows its page's title: the title of a foreign draft must not come out that way (promise 6)
    if not all(other.live or sees_page(user, other) for other in Page.objects.filter(pk__in=keys)):
        raise PermissionDenied

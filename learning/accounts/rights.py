"""Who has which rights, and who may give them: nobody lifts themselves, alone or through another (promise 7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from wagtail.models import GroupPagePermission

from learning.accounts.actions import record
from learning.accounts.models import AuditEntry, User
from learning.accounts.roles import RIGHTS, Role, give_rights

_NEEDED = {
    code: frozenset({*right.permissions, *(f"wagtailcore.{verb}_page" for verb in right.pages)})
    for code, right in RIGHTS.items()
}


def rights_of_groups(groups: Iterable[Group]) -> dict[int, frozenset[str]]:
    """Codes of the rights that each group has whole; two queries for any number of groups."""
    ids = [group.pk for group in groups]
    held: dict[int, set[str]] = defaultdict(set)
    of_models = Group.permissions.through.objects.filter(group_id__in=ids).values_list(
        "group_id", "permission__content_type__app_label", "permission__codename"
    )
    of_pages = GroupPagePermission.objects.filter(group_id__in=ids, page__depth=1).values_list(
        "group_id", "permission__content_type__app_label", "permission__codename"
    )
    for pk, app_label, codename in [*of_models, *of_pages]:
        held[pk].add(f"{app_label}.{codename}")
    return {pk: frozenset(code for code, needed in _NEEDED.items() if needed <= held[pk]) for pk in ids}


def rights_of(person: User) -> frozenset[str]:
    """Codes of the rights that a person has through all their groups."""
    if person.is_superuser:
        return frozenset(RIGHTS)
    found = rights_of_groups(person.groups.all())
    return frozenset().union(*found.values())


def roles_to_give(giver: User) -> list[Group]:
    """The groups whose rights the giver has themselves; others they can neither give nor take away."""
    groups = list(Group.objects.order_by("name"))
    own, of_groups = rights_of(giver), rights_of_groups(groups)
    # `course_rights` are rows of the enrolment app: who may not change rights does not give these away either
    in_courses = set(Group.objects.filter(course_rights__isnull=False).values_list("pk", flat=True))
    return [g for g in groups if of_groups[g.pk] <= own and (g.pk not in in_courses or "rights" in own)]


def may_touch(staff: User, person: User) -> bool:
    """Whether staff may edit, deactivate or delete a person: not one who may do more than they."""
    if staff.is_superuser or staff.pk == person.pk:
        return True
    return not person.is_superuser and rights_of(person) <= rights_of(staff)


@dataclass(frozen=True)
class RightsTable:
    """What groups may do, and what this person may do about it; three queries for any number of groups."""

    of_groups: dict[int, frozenset[str]]
    own: frozenset[str]
    changeable: frozenset[int]  # keys of groups: none that the person is in, none that may do more than they


def rights_table(staff: User, groups: Iterable[Group]) -> RightsTable:
    groups, mine = list(groups), list(staff.groups.all())
    found = rights_of_groups({*groups, *mine})
    of_groups = {group.pk: found[group.pk] for group in groups}
    if staff.is_superuser:
        return RightsTable(of_groups, frozenset(RIGHTS), frozenset(of_groups) if staff.is_active else frozenset())
    own = frozenset().union(*(found[group.pk] for group in mine))
    may = staff.is_active and "change_rights" in staff.school_rights
    own_groups = {group.pk for group in mine}
    changeable = {pk for pk, rights in of_groups.items() if may and pk not in own_groups and rights <= own}
    return RightsTable(of_groups, own, frozenset(changeable))


def may_change_rights_of(staff: User, group: Group) -> bool:
    return group.pk in rights_table(staff, [group]).changeable


@transaction.atomic
def change_rights(*, group: Group, codes: set[str], actor: User) -> None:
    """Give a group exactly these rights. Raises PermissionDenied where the actor would lift anyone above themselves."""
    group = Group.objects.select_for_update().get(pk=group.pk)
    if not may_change_rights_of(actor, group) or not codes <= rights_of(actor):
        raise PermissionDenied
    before = rights_of_groups([group])[group.pk]
    if codes == before:
        return
    give_rights(apps, group, codes)
    record(
        AuditEntry.Deed.RIGHTS,
        actor=actor,
        facts={"role": group.name, "given": sorted(codes - before), "taken": sorted(before - codes)},
    )


def is_own_making(group: Group) -> bool:
    """Whether the group is not one of the five roles of the school."""
    return group.name not in Role.values


def may_teach() -> Q:
    """A filter on people: those who may be on the team of a course."""
    return Q(groups__permissions__codename="teach", groups__permissions__content_type__app_label="accounts")

"""Which rights people have and which they may give: nobody can raise their own rights (promise 7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from wagtail.models import GroupPagePermission

from learning.accounts import deeds
from learning.accounts.actions import record
from learning.accounts.models import User
from learning.accounts.roles import RIGHTS, Role, give_rights

ROLE_NAME_LENGTH = 80


def _needed_by_right() -> dict[str, frozenset[str]]:
    """Return for each right all the permissions that a group needs to have it."""
    return {
        code: frozenset({*right.permissions, *(f"wagtailcore.{verb}_page" for verb in right.pages)})
        for code, right in RIGHTS.items()
    }


def rights_of_groups(groups: Iterable[Group]) -> dict[int, frozenset[str]]:
    """Codes of the rights whose permissions each group has completely; two queries for any number of groups."""
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
    needed_by = _needed_by_right()
    return {pk: frozenset(code for code, needed in needed_by.items() if needed <= held[pk]) for pk in ids}


def rights_of(person: User) -> frozenset[str]:
    """Codes of the rights that a person has through all their groups."""
    if person.is_superuser:
        return frozenset(RIGHTS)
    found = rights_of_groups(person.groups.all())
    return frozenset().union(*found.values())


def assignable_roles(giver: User) -> list[Group]:
    """Return the groups whose rights the giver also has: nobody can give or remove any other."""
    groups = list(Group.objects.order_by("name"))
    own, of_groups, in_courses = rights_of(giver), rights_of_groups(groups), _rights_in_courses(groups)
    return [group for group in groups if of_groups[group.pk] | in_courses[group.pk] <= own]


# The team of a course edits it and manages its students: to edit such a person one needs these rights everywhere.
_TEAM = frozenset({"read", "write", "students"})


def _rights_in_courses(groups: Iterable[Group]) -> dict[int, frozenset[str]]:
    """What groups may do in single courses. `course_rights` are rows of the enrolment app, whose names of rights are
    those of the rights in the whole school."""
    held: dict[int, set[str]] = {group.pk: set() for group in groups}
    rows = Group.objects.filter(pk__in=held, course_rights__isnull=False)
    for pk, right in rows.values_list("pk", "course_rights__right"):
        held[pk].add(right)
    return {pk: frozenset(rights) for pk, rights in held.items()}


def people_with_more_rights(staff: User) -> QuerySet[User]:
    """Return the people that `staff` may not edit, deactivate or delete: those with any right that `staff` lacks.

    Five queries and one more for the people, however many these are.
    """
    if staff.is_superuser:
        return User.objects.none()
    groups = list(Group.objects.all())
    own, of_groups, in_courses = rights_of(staff), rights_of_groups(groups), _rights_in_courses(groups)
    above = [group.pk for group in groups if not of_groups[group.pk] | in_courses[group.pk] <= own]
    more = Q(is_superuser=True) | Q(groups__in=above)
    if not own >= _TEAM:
        more |= Q(teaches__isnull=False) | Q(taught_groups__isnull=False)
    # a subquery: the joins above would give a person several times, and callers filter further
    return User.objects.filter(pk__in=User.objects.filter(more).values("pk")).exclude(pk=staff.pk)


def may_manage_person(staff: User, person: User) -> bool:
    """Whether staff may edit, deactivate or delete a person."""
    return not people_with_more_rights(staff).filter(pk=person.pk).exists()


@dataclass(frozen=True)
class RightsTable:
    """What groups may do, and what this person may do about it; three queries for any number of groups."""

    of_groups: dict[int, frozenset[str]]
    own: frozenset[str]
    changeable: frozenset[int]  # keys of groups, without the person's own and those with more rights


def rights_table(staff: User, groups: Iterable[Group]) -> RightsTable:
    groups, mine = list(groups), list(staff.groups.all())
    found = rights_of_groups({*groups, *mine})
    of_groups = {group.pk: found[group.pk] for group in groups}
    if staff.is_superuser:
        return RightsTable(of_groups, frozenset(RIGHTS), frozenset(of_groups) if staff.is_active else frozenset())
    own = frozenset().union(*(found[group.pk] for group in mine))
    may = staff.has_right("change_rights")
    # not their own roles: what these gain, they gain themselves (promise 7)
    own_groups = {group.pk for group in mine}
    changeable = {pk for pk, rights in of_groups.items() if may and pk not in own_groups and rights <= own}
    return RightsTable(of_groups, own, frozenset(changeable))


def may_change_rights_of(staff: User, group: Group) -> bool:
    return group.pk in rights_table(staff, [group]).changeable


@transaction.atomic
def change_rights(*, group: Group, codes: set[str], actor: User) -> None:
    """Give a group exactly these rights. Raises PermissionDenied if the actor may not do that."""
    # locked before the check: else two administrators at once would check against outdated rights
    group = Group.objects.select_for_update().get(pk=group.pk)
    if not may_change_rights_of(actor, group) or not codes <= rights_of(actor):
        raise PermissionDenied
    before = rights_of_groups([group])[group.pk]
    if codes == before:
        return
    give_rights(apps, group, codes)
    record(
        deeds.RIGHTS,
        actor=actor,
        facts={"role": group.name, "given": sorted(codes - before), "taken": sorted(before - codes)},
    )


@transaction.atomic
def create_role(*, name: str, actor: User) -> Group:
    """Create a role without rights. Raises PermissionDenied, or ValidationError if the name is empty or taken."""
    if not actor.has_right("change_rights"):
        raise PermissionDenied
    name = " ".join(name.replace("\x00", "").split())[:ROLE_NAME_LENGTH]
    if not name:
        raise ValidationError(_("A role needs a name."))
    # in any case of letters: “student” would be taken for the built-in role
    if Group.objects.filter(name__iexact=name).exists():
        raise ValidationError(_("There is a role of this name already."))
    group = Group.objects.create(name=name)
    record(deeds.RIGHTS, actor=actor, facts={"did": "made_role", "role": name})
    return group


@transaction.atomic
def delete_role(*, group: Group, actor: User) -> None:
    """Delete a role that the school created and that nobody has. Raises PermissionDenied or ValidationError."""
    # on PostgreSQL nobody can get the role meanwhile: a row of membership needs a lock on this one
    group = Group.objects.select_for_update().get(pk=group.pk)
    if not is_custom_role(group) or not may_change_rights_of(actor, group):
        raise PermissionDenied
    if User.objects.filter(groups=group).exists():
        raise ValidationError(_("Someone still has this role. Take it from them first."))
    record(deeds.RIGHTS, actor=actor, facts={"did": "deleted_role", "role": group.name})
    group.delete()


def is_custom_role(group: Group) -> bool:
    """Return whether the school made this role itself: it is not one of the five built-in roles."""
    return group.name not in Role.values


def may_teach() -> Q:
    """Filter people to those who may be on a course's team."""
    return Q(groups__permissions__codename="teach", groups__permissions__content_type__app_label="accounts")

"""Roles are Django groups; a role is a set of rights, and a right is a bundle of permissions.

Each app registers its rights, and the roles that begin with them, in its `school_rights.py`. Administrators change
what roles may do, and make roles of their own, on the page “Rights” of the CMS (`learning.accounts.rights`). Rights
within a teacher's own courses are not here: they follow from the team of a course and are given by the permission
policies of `learning.enrollment`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    STUDENT = "Student", _("Student")
    TEACHER = "Teacher", _("Teacher")
    EDITOR = "Editor", _("Editor")
    MODERATOR = "Moderator", _("Moderator")
    ADMINISTRATOR = "Administrator", _("Administrator")


def role_label(name: str) -> str:
    """A group's name for people: the five built-in roles are translated, the school's own are not."""
    return str(Role(name).label) if name in Role.values else name


ACCESS_CMS = "wagtailadmin.access_admin"  # comes with every right


def all_permissions_of(app_label: str, *models: str) -> tuple[str, ...]:
    """The four permissions that Django makes for each of these models."""
    return tuple(f"{app_label}.{verb}_{model}" for model in models for verb in ("add", "change", "delete", "view"))


@dataclass(frozen=True, slots=True)
class SchoolRight:
    """What a role may do in the whole school, in words, and the permissions that this takes."""

    code: str
    label: Promise | str
    order: int  # place in the table of rights
    permissions: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()  # verbs on the whole tree of pages
    files: tuple[str, ...] = ()  # permissions on all collections


RIGHTS: dict[str, SchoolRight] = {}  # by code, in the order of the table
ROLE_RIGHTS: dict[Role, tuple[str, ...]] = dict.fromkeys(Role, ())  # what the roles begin with


def register_right(right: SchoolRight, *, roles: Iterable[Role] = ()) -> None:
    """Add a right to the table, when Django starts; `roles` begin with it, and administrators always do."""
    RIGHTS[right.code] = right
    in_order = sorted(RIGHTS.values(), key=lambda one: one.order)
    # emptied and filled in place: other modules have imported this very dict
    RIGHTS.clear()
    RIGHTS.update((one.code, one) for one in in_order)
    for role in {*roles, Role.ADMINISTRATOR}:
        held = {*ROLE_RIGHTS[role], right.code}
        ROLE_RIGHTS[role] = tuple(code for code in RIGHTS if code in held)


WORKFLOW_NAME = "Moderation"
TASK_NAME = "Approval by a moderator"


def managed_permissions() -> frozenset[str]:
    """All permissions of models that belong to some right."""
    return frozenset(name for right in RIGHTS.values() for name in right.permissions) | {ACCESS_CMS}


def _permissions(apps: Any, names: set[str] | frozenset[str], *, strict: bool) -> list[Any]:
    rows = apps.get_model("auth", "Permission").objects.select_related("content_type")
    codenames = {name.partition(".")[2] for name in names}
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows.filter(codename__in=codenames)}
    if strict and not names <= found.keys():
        raise LookupError(f"The table of rights names permissions that do not exist: {sorted(names - found.keys())}")
    return [found[name] for name in sorted(names & found.keys())]


def give_rights(apps: Any, group: Any, codes: set[str] | tuple[str, ...], *, strict: bool = True) -> None:
    """Make a group have exactly these rights; permissions that belong to no right are left alone.

    `apps` is Django's app registry or the historical one of a migration, where `strict=False` skips
    permissions that a later migration creates.
    """
    rights = [RIGHTS[code] for code in RIGHTS if code in codes]
    wanted = {name for right in rights for name in right.permissions} | ({ACCESS_CMS} if rights else set())
    unwanted = managed_permissions() - wanted
    # in migrations a historical group may not have `course_rights` yet
    if not rights and getattr(group, "course_rights", None) is not None and group.course_rights.exists():
        unwanted -= {ACCESS_CMS}  # with rights in single courses the role still needs the CMS
    group.permissions.remove(*_permissions(apps, unwanted, strict=False))
    group.permissions.add(*_permissions(apps, wanted, strict=strict))

    root = apps.get_model("wagtailcore", "Page").objects.get(depth=1)
    on_pages = apps.get_model("wagtailcore", "GroupPagePermission").objects
    wanted = {f"wagtailcore.{verb}_page" for right in rights for verb in right.pages}
    on_pages.filter(group=group, page=root).delete()
    for permission in _permissions(apps, wanted, strict=strict):
        on_pages.create(group=group, page=root, permission=permission)

    root_collection = apps.get_model("wagtailcore", "Collection").objects.get(depth=1)
    on_files = apps.get_model("wagtailcore", "GroupCollectionPermission").objects
    wanted = {name for right in rights for name in right.files}
    on_files.filter(group=group, collection=root_collection).delete()
    for permission in _permissions(apps, wanted, strict=strict):
        on_files.create(group=group, collection=root_collection, permission=permission)


def apply_roles(apps: Any, *, strict: bool = True) -> None:
    """Create the five roles and give each exactly the rights of `ROLE_RIGHTS`.

    Other groups are left alone; Wagtail's sample groups "Editors" and "Moderators" are deleted if nobody is in them.
    """
    groups = apps.get_model("auth", "Group").objects
    for role, codes in ROLE_RIGHTS.items():
        group, _created = groups.get_or_create(name=role.value)
        give_rights(apps, group, codes, strict=strict)
    groups.filter(name__in=["Editors", "Moderators"], user__isnull=True).delete()

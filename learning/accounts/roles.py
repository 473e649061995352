"""Roles are Django groups; this is the one table of what each may do.

Rights within a teacher's own courses are not here: they follow from the team of a course and
are given by the permission policies of `learning.enrollment`.
"""

from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    STUDENT = "Student", _("Student")
    TEACHER = "Teacher", _("Teacher")
    EDITOR = "Editor", _("Editor")
    MODERATOR = "Moderator", _("Moderator")
    ADMINISTRATOR = "Administrator", _("Administrator")


AUTHOR_ROLES = (Role.EDITOR, Role.MODERATOR, Role.ADMINISTRATOR)
SCHOOL_ROLES = (Role.ADMINISTRATOR,)
STAFF_ROLES = (Role.TEACHER, *AUTHOR_ROLES)

_SUBJECTS = ("courses.add_subject", "courses.change_subject")
_SCHOOL = tuple(
    f"enrollment.{verb}_{model}"
    for model in ("enrollment", "studygroup", "invitation")
    for verb in ("add", "change", "delete", "view")
)

MODEL_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.STUDENT: (),
    Role.TEACHER: ("wagtailadmin.access_admin", "accounts.teach", *_SCHOOL),
    Role.EDITOR: ("wagtailadmin.access_admin", "accounts.read_all_lessons", "accounts.teach", *_SUBJECTS),
    Role.MODERATOR: (
        "wagtailadmin.access_admin",
        "accounts.read_all_lessons",
        "accounts.teach",
        *_SUBJECTS,
        "courses.delete_subject",
    ),
    Role.ADMINISTRATOR: (
        "wagtailadmin.access_admin",
        "accounts.read_all_lessons",
        "accounts.teach",
        *_SUBJECTS,
        "courses.delete_subject",
        *_SCHOOL,
        "accounts.add_user",
        "accounts.change_user",
        "accounts.delete_user",
        "accounts.view_user",
        "wagtailcore.add_collection",
        "wagtailcore.change_collection",
        "wagtailcore.delete_collection",
        "wagtailcore.change_site",
        "wagtailcore.change_workflow",
        "wagtailcore.change_task",
        "wagtailredirects.add_redirect",
        "wagtailredirects.change_redirect",
        "wagtailredirects.delete_redirect",
    ),
}

PAGE_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    Role.EDITOR: ("add", "change"),
    Role.MODERATOR: ("add", "change", "publish", "lock", "unlock"),
    Role.ADMINISTRATOR: ("add", "change", "publish", "lock", "unlock", "bulk_delete"),
}

_FILES = ("wagtailimages.{verb}_image", "wagtaildocs.{verb}_document")
COLLECTION_PERMISSIONS: dict[Role, tuple[str, ...]] = {
    role: tuple(name.format(verb=verb) for name in _FILES for verb in ("add", "change", "choose"))
    for role in AUTHOR_ROLES
}

WORKFLOW_NAME = "Moderation"
TASK_NAME = "Approval by a moderator"


def _permission(apps: Any, name: str) -> Any:
    app_label, codename = name.split(".")
    permissions = apps.get_model("auth", "Permission").objects
    found = permissions.filter(content_type__app_label=app_label, codename=codename).first()
    if found is None:
        raise LookupError(f"The table of roles names a permission that does not exist: {name}")
    return found


def apply_roles(apps: Any) -> None:
    """Make the groups and give each exactly the permissions of this table.

    `apps` is Django's app registry or the historical one of a migration. Other groups are left
    alone; Wagtail's sample groups "Editors" and "Moderators" go when nobody is in them.
    """
    group_model = apps.get_model("auth", "Group")
    page_permission = apps.get_model("wagtailcore", "GroupPagePermission")
    collection_permission = apps.get_model("wagtailcore", "GroupCollectionPermission")
    root = apps.get_model("wagtailcore", "Page").objects.get(depth=1)
    root_collection = apps.get_model("wagtailcore", "Collection").objects.get(depth=1)

    for role in Role:
        group, _created = group_model.objects.get_or_create(name=role.value)
        group.permissions.set([_permission(apps, name) for name in MODEL_PERMISSIONS[role]])
        page_permission.objects.filter(group=group).delete()
        for verb in PAGE_PERMISSIONS.get(role, ()):
            page_permission.objects.create(
                group=group, page=root, permission=_permission(apps, f"wagtailcore.{verb}_page")
            )
        collection_permission.objects.filter(group=group).delete()
        for name in COLLECTION_PERMISSIONS.get(role, ()):
            collection_permission.objects.create(
                group=group, collection=root_collection, permission=_permission(apps, name)
            )
    group_model.objects.filter(name__in=["Editors", "Moderators"], user__isnull=True).delete()

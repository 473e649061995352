"""What the roles may do with people, and with the school as a whole."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, all_permissions_of, register_right

STAFF = (Role.EDITOR, Role.MODERATOR)
SETTING_UP = (
    "accounts.change_school",
    *("wagtailcore.change_site", "wagtailcore.change_workflow", "wagtailcore.change_task"),
    *(f"wagtailredirects.{verb}_redirect" for verb in ("add", "change", "delete")),
)
COLLECTIONS = tuple(f"wagtailcore.{verb}_collection" for verb in ("add", "change", "delete"))

register_right(
    SchoolRight("team", _("Be on the team of a course"), 10, ("accounts.teach",)), roles=(Role.TEACHER, *STAFF)
)
register_right(SchoolRight("read", _("Read every lesson"), 30, ("accounts.read_all_lessons",)), roles=STAFF)
register_right(SchoolRight("people", _("Manage people and their roles"), 90, all_permissions_of("accounts", "user")))
register_right(SchoolRight("rights", _("Change what roles may do"), 100, ("accounts.change_rights",)))
register_right(
    SchoolRight(
        "audit",
        _("Read the audit log and the list of jobs"),
        110,
        ("accounts.view_auditentry", "jobs.view_jobs"),
    )
)
register_right(
    SchoolRight(
        "structure",
        _("Set up the school, sites, workflows, redirects and collections"),
        120,
        SETTING_UP,
        files=COLLECTIONS,
    )
)

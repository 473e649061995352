"""What the roles may do with private lessons."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, all_permissions_of, register_right

register_right(
    SchoolRight("tutoring", _("Give private lessons"), 25, ("tutoring.teach_privately",)), roles=(Role.TEACHER,)
)
register_right(
    SchoolRight(
        "all_tutoring",
        _("Look after the private lessons of every teacher"),
        75,
        (
            "tutoring.manage_tutoring",
            "tutoring.view_account",
            "tutoring.view_ledgerline",
            "tutoring.view_package",
            *all_permissions_of("tutoring", "lessonkind", "policy", "project", "lesson"),
        ),
    )
)

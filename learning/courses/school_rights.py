"""What the roles may do with the pages and files of every course."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, register_right

FILES = tuple(
    f"{app}.{verb}_{model}"
    for app, model in (("wagtailimages", "image"), ("wagtaildocs", "document"))
    for verb in ("add", "change", "choose")
)

register_right(
    SchoolRight(
        "write",
        _("Write every lesson"),
        40,
        ("courses.add_subject", "courses.change_subject"),
        ("add", "change"),
        FILES,
    ),
    roles=(Role.EDITOR, Role.MODERATOR),
)
register_right(
    SchoolRight("publish", _("Approve and publish"), 50, ("courses.delete_subject",), ("publish", "lock", "unlock")),
    roles=(Role.MODERATOR,),
)
register_right(SchoolRight("delete", _("Delete pages with all that is below them"), 60, pages=("bulk_delete",)))

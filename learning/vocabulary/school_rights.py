"""What the roles may do with the dictionary."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, all_permissions_of, register_right

register_right(
    SchoolRight("dictionary", _("Write the dictionary"), 30, all_permissions_of("vocabulary", "lexeme", "source")),
    roles=(Role.TEACHER, Role.EDITOR),
)

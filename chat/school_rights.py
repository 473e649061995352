"""What the roles may do in chats."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, register_right

register_right(SchoolRight("chat", _("Moderate every chat"), 80, ("chat.moderate_rooms",)), roles=(Role.MODERATOR,))

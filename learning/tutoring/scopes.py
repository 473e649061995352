"""What a personal token may do with private lessons."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.scopes import Scope, register_scope

READ_LESSONS = register_scope(Scope("lessons", _("Read my private lessons and their money"), 52))
HAND_IN = register_scope(Scope("homework", _("Hand in homework"), 54))
MARK_LESSONS = register_scope(Scope("mark", _("Mark private lessons that I teach"), 56, is_for_staff=True))

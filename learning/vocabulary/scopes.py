"""What a personal token may do with words."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.scopes import Scope, register_scope

READ_WORDS = register_scope(Scope("words", _("Read the dictionary and my words"), 60))
LEARN_WORDS = register_scope(Scope("learn", _("Save words and answer my cards"), 62))

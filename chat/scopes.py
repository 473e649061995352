"""What a personal token may do with chats."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.scopes import Scope, register_scope

CHAT = register_scope(Scope("chat", _("Read and write in my chats"), 30))

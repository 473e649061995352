"""What a personal token may do with courses and students."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.scopes import Scope, register_scope

READ = register_scope(Scope("read", _("Read my courses and progress"), 10))
LEARN = register_scope(Scope("learn", _("Enrol, leave, mark lessons done"), 20))
TEACH = register_scope(Scope("teach", _("Read groups and students I look after"), 40, is_for_staff=True))
MANAGE = register_scope(Scope("manage", _("Change enrolments of students I look after"), 50, is_for_staff=True))

from learning.accounts.scopes import Scope, register_scope

WISH = register_scope(Scope("wish", "Read my wishes", 60))

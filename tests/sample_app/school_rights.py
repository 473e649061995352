from learning.accounts.roles import Role, SchoolRight, register_right

register_right(SchoolRight("wishes", "Grant wishes", 55, ("sample.grant_wishes",)), roles=(Role.MODERATOR,))

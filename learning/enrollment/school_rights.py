"""What the roles may do with students."""

from django.utils.translation import gettext_lazy as _

from learning.accounts.roles import Role, SchoolRight, all_permissions_of, register_right

STUDENTS = all_permissions_of("enrollment", "enrollment", "studygroup", "invitation")

register_right(
    SchoolRight("own_students", _("Look after the students of one's own courses"), 20, STUDENTS), roles=(Role.TEACHER,)
)
register_right(
    SchoolRight("students", _("Look after the students of every course"), 70, ("accounts.run_school", *STUDENTS))
)

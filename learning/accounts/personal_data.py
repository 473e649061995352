"""Personal data of the accounts app."""

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import PersonalToken, User
from learning.accounts.own_data import DataSection, Row, register_data, rows_of
from learning.accounts.roles import role_label
from learning.accounts.templatetags.accounts import device

ACCOUNT = {
    "email": _("E-mail"),
    "display_name": _("Name"),
    "about": _("A line about you"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "theme": _("Theme"),
    "course_mail": _("Letters from my courses"),
    "date_joined": _("Joined"),
    "last_login": _("Last log-in"),
}


def _account(person: User) -> list[Row]:
    return [{name: getattr(person, name) for name in ACCOUNT}]


def _roles(person: User) -> list[Row]:
    return [{"name": name} for name in sorted(person.groups.values_list("name", flat=True))]


register_data(
    DataSection("account", _("Account"), _account, ACCOUNT, is_single=True),
    DataSection("roles", _("Roles"), _roles, {"name": _("Role")}, words={"name": role_label}),
    DataSection(
        "addresses",
        _("E-mail addresses"),
        lambda person: rows_of(EmailAddress.objects.filter(user=person), "email", "verified", "primary"),
        {"email": _("E-mail"), "verified": _("Confirmed"), "primary": _("Main address")},
    ),
    DataSection(
        "sessions",
        _("Sessions"),
        lambda person: rows_of(
            UserSession.objects.filter(user=person), "ip", "user_agent", "created_at", "last_seen_at"
        ),
        {
            "ip": _("IP address"),
            "user_agent": _("Device"),
            "created_at": _("Created"),
            "last_seen_at": _("Last seen"),
        },
        words={"user_agent": device},
    ),
    DataSection(
        "tokens",
        _("API tokens"),
        lambda person: rows_of(
            PersonalToken.objects.filter(user=person), "name", "scopes", "created_at", "last_used_at"
        ),
        {"name": _("Name"), "scopes": _("May do"), "created_at": _("Created"), "last_used_at": _("Last used")},
    ),
    order=10,
)

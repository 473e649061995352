"""Audit log entries about people, roles and tokens."""

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from learning.accounts.audit import Deed, Facts, Names, labels_of_fields, register_deed
from learning.accounts.roles import role_label
from learning.accounts.scopes import scopes


def _of_person(facts: Facts, names: Names) -> list[str]:
    said = [_("closed at once")] if facts.get("closed") else []
    fields = facts.get("fields")
    return [*said, labels_of_fields(apps.get_model("accounts", "User"), fields)] if fields else said


def _of_rights(facts: Facts, names: Names) -> list[str]:
    return [f"{_('role')}: {role_label(facts['role'])}"] if "role" in facts else []


def _of_token(facts: Facts, names: Names) -> list[str]:
    labels = [str(scope.label) for scope in scopes() if scope.code in facts.get("scopes", ())]
    return [", ".join(labels)] if labels else []


ROLES = register_deed(Deed("roles", gettext_lazy("Roles")))
RIGHTS = register_deed(
    Deed(
        "rights",
        gettext_lazy("Rights"),
        _of_rights,
        did={"made_role": gettext_lazy("Role created"), "deleted_role": gettext_lazy("Role deleted")},
    )
)
PERSON = register_deed(
    Deed(
        "person",
        gettext_lazy("Account"),
        _of_person,
        did={
            "made": pgettext_lazy("audit log", "Created"),
            "changed": pgettext_lazy("audit log", "Changed"),
            "activated": gettext_lazy("Account opened"),
            "deactivated": gettext_lazy("Account closed"),
            "asked_deletion": gettext_lazy("Deletion asked for"),
            "cancelled_deletion": gettext_lazy("Deletion cancelled"),
            "anonymised": gettext_lazy("Name, e-mail and log-in deleted for good"),
            "reset_mfa": gettext_lazy("Second factor removed"),
            "ended_sessions": gettext_lazy("Sessions ended"),
        },
    )
)
DATA = register_deed(Deed("data", gettext_lazy("Personal data"), did={"downloaded": gettext_lazy("Data downloaded")}))
TOKEN = register_deed(
    Deed(
        "token",
        gettext_lazy("API token"),
        _of_token,
        did={"made": pgettext_lazy("audit log", "Created"), "revoked": gettext_lazy("Token revoked")},
    )
)

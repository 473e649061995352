"""Audit log entries about enrolments, study groups, invitations and pages."""

from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from learning.accounts.audit import Deed, Facts, Names, labels_of_fields, register_deed
from learning.accounts.words import quoted
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.statuses import Status

KINDS = {model.__name__: model._meta.verbose_name for model in (CoursePage, ModulePage, LessonPage)}
CHANGES = {
    "made": pgettext_lazy("audit log", "Created"),
    "changed": pgettext_lazy("audit log", "Changed"),
    "deleted": pgettext_lazy("audit log", "Deleted"),
}


def _label(status: Any) -> str:
    # entries are never rewritten, so an old one may name a status that is no longer in use
    return str(Status(status).label) if status in Status.values else "–"


def _of_status(facts: Facts, names: Names) -> list[str]:
    return [f"{_label(facts.get('before'))} → {_label(facts.get('after'))}"]


def _of_group(facts: Facts, names: Names) -> list[str]:
    if "before" in facts or "after" in facts:
        return [f"{names.group(facts.get('before'))} → {names.group(facts.get('after'))}"]
    said = [quoted(facts["name"])] if facts.get("name") else []
    said += [names.group(facts["group"])] if facts.get("group") else []
    fields = facts.get("fields")
    return [*said, labels_of_fields(apps.get_model("enrollment", "StudyGroup"), fields)] if fields else said


def _of_openings(facts: Facts, names: Names) -> list[str]:
    said = [names.group(facts["group"])] if facts.get("group") else []
    if "modules" in facts:
        said.append(", ".join(names.page(pk) for pk in facts["modules"]))
    if "from" in facts:
        days = facts.get("days", 0)
        later = ngettext("from %(module)s on %(n)s day later", "from %(module)s on %(n)s days later", abs(days))
        earlier = ngettext("from %(module)s on %(n)s day earlier", "from %(module)s on %(n)s days earlier", abs(days))
        said.append((earlier if days < 0 else later) % {"module": names.page(facts["from"]), "n": abs(days)})
    if "page" in facts:
        groups = ", ".join(names.group(pk) for pk in facts.get("groups", ()))
        said.append(f"{names.page(facts['page'])}: {groups or _('for everyone')}")
    return said


def _of_page(facts: Facts, names: Names) -> list[str]:
    return [f"{KINDS.get(facts.get('kind', ''), _('page'))}: {quoted(facts.get('page', ''))}"]


def _of_invitations(facts: Facts, names: Names) -> list[str]:
    count = facts.get("count", 0)
    return [ngettext("%(n)s invitation", "%(n)s invitations", count) % {"n": count}]


_GROUPS, _PAGES = ("group", "groups"), ("page", "from", "modules")

STATUS = register_deed(Deed("status", gettext_lazy("Status of an enrolment"), _of_status))
GROUP = register_deed(
    Deed("group", gettext_lazy("Study group"), _of_group, did=CHANGES, groups=("before", "after", "group"))
)
OPENING = register_deed(
    Deed("opening", gettext_lazy("Opening of a module"), _of_openings, groups=_GROUPS, pages=_PAGES)
)
AUDIENCE = register_deed(
    Deed("audience", gettext_lazy("Content of a group"), _of_openings, groups=_GROUPS, pages=_PAGES)
)
PAGE = register_deed(Deed("page", gettext_lazy("Page"), _of_page, did=CHANGES))
INVITATION = register_deed(
    Deed(
        "invitation",
        gettext_lazy("Invitation"),
        _of_invitations,
        did={"sent_again": gettext_lazy("Sent again"), "taken_back": gettext_lazy("Withdrawn")},
    )
)

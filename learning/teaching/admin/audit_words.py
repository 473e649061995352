"""The details of the audit log as sentences in the reader's language."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from wagtail.models import Page

from learning.accounts.models import AuditEntry, TokenScope, User
from learning.accounts.roles import RIGHTS, Role, role_label
from learning.accounts.words import quoted
from learning.courses.models import CoursePage, LessonPage, ModulePage
from learning.enrollment.models import CourseRight, FormerCourse, StudyGroup
from learning.enrollment.statuses import Status

DID = {
    "made": pgettext_lazy("audit log", "Made"),
    "changed": pgettext_lazy("audit log", "Changed"),
    "deleted": pgettext_lazy("audit log", "Deleted"),
    "activated": gettext_lazy("Account opened"),
    "deactivated": gettext_lazy("Account closed"),
    "asked_deletion": gettext_lazy("Deletion asked for"),
    "cancelled_deletion": gettext_lazy("Deletion cancelled"),
    "anonymised": gettext_lazy("Name, e-mail and log-in deleted for good"),
    "reset_mfa": gettext_lazy("Second factor taken away"),
    "ended_sessions": gettext_lazy("Sessions ended"),
    "downloaded": gettext_lazy("Data downloaded"),
    "made_role": gettext_lazy("Role made"),
    "deleted_role": gettext_lazy("Role deleted"),
    "revoked": gettext_lazy("Token taken back"),
    "exported": gettext_lazy("Chat exported"),
    "muted": gettext_lazy("May not write in the chat"),
    "unmuted": gettext_lazy("May write in the chat again"),
    "opened": gettext_lazy("Chat of the course opened"),
    "sent_again": gettext_lazy("Sent again"),
    "taken_back": gettext_lazy("Taken back"),
}
KINDS = {model.__name__: model._meta.verbose_name for model in (CoursePage, ModulePage, LessonPage)}


class Names:
    """What the numbers in some entries are called now: groups, pages and courses; three queries, four with former
    courses."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        groups: set[int] = set()
        pages: set[int] = set()
        for entry in entries:
            facts = entry.facts
            if entry.deed == AuditEntry.Deed.GROUP:
                groups |= {facts.get("before"), facts.get("after"), facts.get("group")}
            elif entry.deed in (AuditEntry.Deed.OPENING, AuditEntry.Deed.AUDIENCE):
                groups |= {facts.get("group"), *facts.get("groups", ())}
                pages |= {facts.get("page"), facts.get("from"), *facts.get("modules", ())}
            pages.add(entry.course_id)  # type: ignore[arg-type]
        self.groups = dict(StudyGroup.objects.filter(pk__in=_numbers(groups)).values_list("pk", "name"))
        wanted = _numbers(pages)
        self.pages = dict(FormerCourse.objects.filter(course_id__in=wanted).values_list("course_id", "title"))
        self.pages |= dict(Page.objects.filter(pk__in=wanted).values_list("pk", "title"))

    def group(self, pk: Any) -> str:
        if pk is None:
            return _("no group")
        name = self.groups.get(pk)
        return quoted(name) if name else _("a deleted group")

    def page(self, pk: Any) -> str:
        title = self.pages.get(pk)
        return quoted(title) if title else _("a deleted page")

    def course(self, pk: int | None) -> str:
        return self.pages.get(pk, "–") if pk is not None else "–"


def _numbers(found: Iterable[Any]) -> list[int]:
    return [pk for pk in found if isinstance(pk, int)]


def status_in_words(value: Any) -> str:
    return str(Status(value).label) if value in Status.values else "–"


def right_in_words(code: str) -> str:
    """A right or a role."""
    if code in Role.values:
        return role_label(code)
    if code in RIGHTS:
        return str(RIGHTS[code].label)
    return str(CourseRight.Right(code).label) if code in CourseRight.Right.values else code


def _fields(model: type[Any], names: Iterable[str]) -> str:
    """Fields of a form by their labels."""
    said = []
    for name in names:
        try:
            said.append(str(model._meta.get_field(name).verbose_name))
        except FieldDoesNotExist:
            said.append(name)
    return ", ".join(said)


Facts = dict[str, Any]


def _of_person(facts: Facts, names: Names) -> list[str]:
    said = [_("closed at once")] if facts.get("closed") else []
    return [*said, *([_fields(User, facts["fields"])] if facts.get("fields") else [])]


def _of_rights(facts: Facts, names: Names) -> list[str]:
    return [f"{_('role')}: {right_in_words(facts['role'])}"] if "role" in facts else []


def _of_token(facts: Facts, names: Names) -> list[str]:
    scopes = [str(TokenScope(code).label) for code in facts.get("scopes", ()) if code in TokenScope.values]
    return [", ".join(scopes)] if scopes else []


def _of_letter(facts: Facts, names: Names) -> list[str]:
    count = facts.get("readers", 0)
    return [ngettext("To %(n)s student", "To %(n)s students", count) % {"n": count}]


def _of_import(facts: Facts, names: Names) -> list[str]:
    count = facts.get("rows", 0)
    return [ngettext("%(n)s row", "%(n)s rows", count) % {"n": count}]


def _of_chat(facts: Facts, names: Names) -> list[str]:
    said = [_("message %(n)s") % {"n": facts["seq"]}] if facts.get("seq") else []
    minutes = facts.get("minutes")
    if minutes:
        said.append(ngettext("for %(n)s minute", "for %(n)s minutes", minutes) % {"n": minutes})
    return said


def _of_invitations(facts: Facts, names: Names) -> list[str]:
    count = facts.get("count", 0)
    return [ngettext("%(n)s invitation", "%(n)s invitations", count) % {"n": count}]


def _of_page(facts: Facts, names: Names) -> list[str]:
    return [f"{KINDS.get(facts.get('kind', ''), _('page'))}: {quoted(facts.get('page', ''))}"]


def _of_group(facts: Facts, names: Names) -> list[str]:
    if "before" in facts or "after" in facts:
        return [f"{names.group(facts.get('before'))} → {names.group(facts.get('after'))}"]
    said = [quoted(facts["name"])] if facts.get("name") else []
    said += [names.group(facts["group"])] if facts.get("group") else []
    return [*said, *([_fields(StudyGroup, facts["fields"])] if facts.get("fields") else [])]


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


SPECIFIC = {
    AuditEntry.Deed.GROUP: _of_group,
    AuditEntry.Deed.OPENING: _of_openings,
    AuditEntry.Deed.AUDIENCE: _of_openings,
    AuditEntry.Deed.PERSON: _of_person,
    AuditEntry.Deed.RIGHTS: _of_rights,
    AuditEntry.Deed.TOKEN: _of_token,
    AuditEntry.Deed.LETTER: _of_letter,
    AuditEntry.Deed.IMPORT: _of_import,
    AuditEntry.Deed.CHAT: _of_chat,
    AuditEntry.Deed.PAGE: _of_page,
    AuditEntry.Deed.INVITATION: _of_invitations,
}


def in_words(entry: AuditEntry, names: Names) -> str:
    """The details of an entry as a short sentence, without codes and numbers of rows."""
    facts = entry.facts
    if entry.deed == AuditEntry.Deed.STATUS:
        return f"{status_in_words(facts.get('before'))} → {status_in_words(facts.get('after'))}"
    did = facts.get("did", "")
    parts = [str(DID.get(did, did))] if did else []
    if tell := SPECIFIC.get(AuditEntry.Deed(entry.deed)):
        parts += tell(facts, names)
    for key, said in (("given", _("given")), ("taken", _("taken"))):
        if facts.get(key):
            parts.append(f"{said}: {', '.join(right_in_words(code) for code in facts[key])}")
    return "; ".join(parts) or "–"

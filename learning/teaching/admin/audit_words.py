"""The details of the audit log as sentences in the reader's language."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from wagtail.models import Page

from learning.accounts.audit import Facts, deed_of
from learning.accounts.models import AuditEntry
from learning.accounts.roles import RIGHTS, Role, role_label
from learning.accounts.words import quoted
from learning.enrollment.models import CourseRight, FormerCourse, StudyGroup


class EntryNames:
    """Current names of the ids in entries: groups, pages and courses; three queries, four with deleted courses."""

    def __init__(self, entries: Iterable[AuditEntry]) -> None:
        groups: set[int] = set()
        pages: set[int] = set()
        for entry in entries:
            deed = deed_of(entry.deed)
            groups |= _ids(entry.facts, deed.groups)
            pages |= _ids(entry.facts, deed.pages)
            pages.add(entry.course_id)  # type: ignore[arg-type]
        self.groups = dict(StudyGroup.objects.filter(pk__in=groups - {None}).values_list("pk", "name"))
        wanted = pages - {None}
        self.pages = dict(FormerCourse.objects.filter(course_id__in=wanted).values_list("course_id", "title"))
        # last, so that the present title of an existing page wins
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


def _ids(facts: Facts, names: tuple[str, ...]) -> set[int]:
    """Return the ids that the facts hold under these names, single or in lists."""
    found: set[int] = set()
    for name in names:
        value = facts.get(name)
        found |= {one for one in (value if isinstance(value, list) else [value]) if isinstance(one, int)}
    return found


def right_in_words(code: str) -> str:
    """Return the label of a right or a role; the code itself where neither is known."""
    if code in Role.values:
        return role_label(code)
    if code in RIGHTS:
        return str(RIGHTS[code].label)
    return str(CourseRight.Right(code).label) if code in CourseRight.Right.values else code


def in_words(entry: AuditEntry, names: EntryNames) -> str:
    """Return the details of an entry as a short sentence, without codes and ids."""
    facts, deed = entry.facts, deed_of(entry.deed)
    did = facts.get("did", "")
    parts = [str(deed.did.get(did, did))] if did else []
    if deed.describe is not None:
        parts += deed.describe(facts, names)
    for key, said in (("given", _("given")), ("taken", _("taken"))):
        if facts.get(key):
            parts.append(f"{said}: {', '.join(right_in_words(code) for code in facts[key])}")
    return "; ".join(parts) or "–"

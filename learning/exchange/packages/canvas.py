"""What Canvas adds to a cartridge: which modules, items and files its students do not see.

The formats are those of Canvas's own exporter (`lib/cc` of instructure/canvas-lms).
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from lxml import etree

MODULES = "course_settings/module_meta.xml"
FILES = "course_settings/files_meta.xml"
SYLLABUS = "course_settings/syllabus.html"
FOLDER = "web_resources"


def local(element: etree._Element) -> str:
    # without the namespace, which is another one in each version; the tag of a comment is no text
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _said(element: etree._Element, name: str) -> str:
    return next((" ".join((child.text or "").split()) for child in element if local(child) == name), "")


def _is_later(value: str) -> bool:
    """Whether a time of Canvas, in UTC without a zone, is still to come."""
    try:
        instant = parse_datetime(value) if value else None
    # `parse_datetime` returns None for another format, and raises for a 13th month
    except ValueError:
        return False
    if instant is None:
        return False
    return (make_aware(instant) if is_naive(instant) else instant) > timezone.now()


@dataclass
class CanvasFacts:
    hidden_items: set[str] = field(default_factory=set)  # identifiers of modules and items
    hidden_resources: set[str] = field(default_factory=set)  # identifiers of files
    hidden_folders: set[str] = field(default_factory=set)  # paths of folders, with all below them
    names: dict[str, str] = field(default_factory=dict)  # of files, by the identifier of their resource

    def hides(self, resource_id: str, href: str) -> bool:
        if resource_id in self.hidden_resources:
            return True
        # without a leading slash: the folder of "/" is "/" again, without end
        folder = posixpath.dirname(href.lstrip("/"))
        while folder:
            if folder in self.hidden_folders:
                return True
            folder = posixpath.dirname(folder)
        return False


def _hidden(element: etree._Element) -> bool:
    return "true" in (_said(element, "locked"), _said(element, "hidden")) or _is_later(_said(element, "unlock_at"))


def read_facts(tree_of: Callable[[str], etree._Element | None]) -> CanvasFacts:
    """The facts of both files; empty where the package has none. `tree_of` parses an entry of the package."""
    facts = CanvasFacts()
    modules = tree_of(MODULES)
    for module in modules if modules is not None else ():
        if _said(module, "workflow_state") == "unpublished" or _is_later(_said(module, "unlock_at")):
            facts.hidden_items.add(module.get("identifier", ""))
        for holder in (child for child in module if local(child) == "items"):
            for item in holder:
                if _said(item, "workflow_state") == "unpublished":
                    # the resource, too: it must stay hidden where the outline does not name it
                    facts.hidden_items |= {item.get("identifier", ""), _said(item, "identifierref")} - {""}
    files = tree_of(FILES)
    for holder in files if files is not None else ():
        for entry in holder:
            if local(entry) == "folder" and _hidden(entry):
                facts.hidden_folders.add(posixpath.join(FOLDER, entry.get("path", "").strip("/")).rstrip("/"))
            elif local(entry) == "file":
                facts.names[entry.get("identifier", "")] = _said(entry, "display_name")
                if _hidden(entry):
                    facts.hidden_resources.add(entry.get("identifier", ""))
    return facts

"""Reading a Common Cartridge (IMS / 1EdTech, versions 1.0 to 1.3): outline, pages and files.

Nothing is unpacked to disk and nothing is fetched; entries are read by name with limits on their
number and size, and XML is parsed without entities or network.
"""

import posixpath
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from django.utils.translation import gettext as _
from lxml import etree

ENTRIES_MAX = 20_000
UNPACKED_MAX = 2 * 1024**3  # bytes of all entries together
ENTRY_MAX = 512 * 1024**2  # bytes of one entry
XML_MAX = 32 * 1024**2  # bytes of a manifest
DEPTH_MAX = 20


class CartridgeError(Exception):
    """The file is not a cartridge that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Resource:
    id: str
    type: str
    href: str
    files: tuple[str, ...]

    @property
    def is_page(self) -> bool:
        return self.type == "webcontent" and self.href.lower().endswith((".html", ".htm", ".xhtml"))

    @property
    def is_file(self) -> bool:
        return self.type == "webcontent" and not self.is_page and bool(self.href)


@dataclass(slots=True)
class Item:
    title: str
    resource: Resource | None = None
    children: list["Item"] = field(default_factory=list)

    def leaves(self) -> list["Item"]:
        """The items below that stand for a resource, in order."""
        own = [self] if self.resource else []
        return own + [leaf for child in self.children for leaf in child.leaves()]


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if _local(child) == name]


def _texts(root: etree._Element, *path: str) -> list[str]:
    elements = [root]
    for name in path:
        elements = [child for element in elements for child in element if _local(child) == name]
    return [(element.text or "").strip() for element in elements]


class Cartridge:
    """An opened package. Use it in a `with` statement."""

    def __init__(self, path: Path) -> None:
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise CartridgeError(_("This is not a zip archive: %(name)s") % {"name": path.name}) from error
        entries = self.archive.infolist()
        if len(entries) > ENTRIES_MAX or sum(entry.file_size for entry in entries) > UNPACKED_MAX:
            self.archive.close()
            raise CartridgeError(_("This archive unpacks to more than we take."))
        self.names = {entry.filename for entry in entries if not entry.is_dir()}
        manifest = self._manifest()
        self.resources = self._resources(manifest)
        self.title = next(iter(filter(None, _texts(manifest, "metadata", "lom", "general", "title", "string"))), "")
        self.description = next(
            iter(filter(None, _texts(manifest, "metadata", "lom", "general", "description", "string"))), ""
        )
        self.rights = next(
            iter(filter(None, _texts(manifest, "metadata", "lom", "rights", "description", "string"))), ""
        )
        self.outline = self._outline(manifest)

    def __enter__(self) -> "Cartridge":
        return self

    def __exit__(self, *args: object) -> None:
        self.archive.close()

    def read(self, name: str, limit: int = ENTRY_MAX) -> bytes:
        try:
            info = self.archive.getinfo(name)
            if info.file_size > limit:
                raise CartridgeError(_("Too large: %(name)s") % {"name": name})
            return self.archive.read(info)
        except KeyError as error:
            raise CartridgeError(_("The cartridge has no file %(name)s") % {"name": name}) from error
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
            raise CartridgeError(_("The archive is damaged at %(name)s") % {"name": name}) from error

    def find(self, reference: str, base: str = "") -> str | None:
        """The entry that a link in a page at `base` means, or nothing."""
        path = unquote(reference).split("?")[0].split("#")[0]
        for mark in ("$IMS-CC-FILEBASE$", "$IMS_CC_FILEBASE$"):
            if mark in path:
                return self._first(f"web_resources/{path.split(mark, 1)[1].lstrip('/')}")
        if "$WIKI_REFERENCE$" in path:
            slug = path.rstrip("/").rpartition("/")[2]
            return self._first(f"wiki_content/{slug}.html")
        if "://" in path or path.startswith(("$", "mailto:", "/", "#")) or not path:
            return None
        return self._first(posixpath.normpath(posixpath.join(posixpath.dirname(base), path)))

    def _first(self, name: str) -> str | None:
        return name if name in self.names else None

    def _manifest(self) -> etree._Element:
        if "imsmanifest.xml" not in self.names:
            self.archive.close()
            raise CartridgeError(_("This archive is not a Common Cartridge: it has no imsmanifest.xml."))
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(self.read("imsmanifest.xml", XML_MAX), parser)
        except etree.XMLSyntaxError as error:
            self.archive.close()
            raise CartridgeError(_("The manifest is not well-formed: %(error)s") % {"error": error}) from error
        if _local(root) != "manifest":
            self.archive.close()
            raise CartridgeError(_("This archive is not a Common Cartridge: its manifest is something else."))
        return root

    def _resources(self, manifest: etree._Element) -> dict[str, Resource]:
        found = {}
        for holder in _children(manifest, "resources"):
            for element in _children(holder, "resource"):
                files = tuple(unquote(f.get("href", "")) for f in _children(element, "file"))
                href = unquote(element.get("href") or (files[0] if files else ""))
                base = element.get("{http://www.w3.org/XML/1998/namespace}base", "")
                pk = element.get("identifier", "")
                found[pk] = Resource(pk, element.get("type", ""), posixpath.join(base, href), files)
        return found

    def _outline(self, manifest: etree._Element) -> list[Item]:
        organizations = [o for holder in _children(manifest, "organizations") for o in holder]
        tops = [item for o in organizations for item in _children(o, "item")]
        items = [self._item(element, 0) for element in tops]
        # the specification has one root item that stands for the course itself
        if len(items) == 1 and items[0].children and not items[0].resource:
            return items[0].children
        return items

    def _item(self, element: etree._Element, depth: int) -> Item:
        title = next(iter(_texts(element, "title")), "")
        item = Item(" ".join(title.split()), self.resources.get(element.get("identifierref", "")))
        if depth < DEPTH_MAX:
            item.children = [self._item(child, depth + 1) for child in _children(element, "item")]
        return item

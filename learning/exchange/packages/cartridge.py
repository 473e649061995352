"""Reading a Common Cartridge (IMS / 1EdTech, versions 1.0 to 1.3): outline, pages, links and files.

Nothing is unpacked to disk and nothing is fetched; entries are read by name with limits on their number and on the
bytes that really come out, and XML is parsed without entities or network.
"""

import posixpath
from pathlib import Path
from urllib.parse import unquote

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from lxml import etree

from learning.exchange.packages.canvas import SYLLABUS, CanvasFacts, local, read_facts
from learning.exchange.tree import Item, Kind, PackageError, Resource
from learning.library.archives import open_archive, read_entry

ENTRIES_MAX = 20_000
UNPACKED_MAX = 2 * 1024**3  # bytes of all entries together
ENTRY_MAX = 200 * 1024**2  # bytes of one file
XML_MAX = 16 * 1024**2  # bytes of a manifest
ITEMS_MAX = 10_000
DEPTH_MAX = 20  # levels of items; deeper ones come up to the last of these

PAGES = (".html", ".htm", ".xhtml")


def _kind_of(type_: str, href: str) -> Kind:
    if "imswl" in type_:
        return Kind.LINK
    # by the name, as the type does not tell: pages and files are both `webcontent`
    is_page = href.lower().endswith(PAGES)
    if is_page and (type_ == "webcontent" or href == SYLLABUS):
        return Kind.PAGE
    return Kind.FILE if type_ == "webcontent" and href and not is_page else Kind.OTHER


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if local(child) == name]


def _texts(root: etree._Element, *path: str) -> list[str]:
    elements = [root]
    for name in path:
        elements = [child for element in elements for child in element if local(child) == name]
    return [(element.text or "").strip() for element in elements]


def _is_for_teachers(resource: etree._Element) -> bool:
    """Whether the metadata name Instructor as a reader and no Learner, or the use is a plan of the lesson."""
    roles = {
        (value.text or "").strip().lower()
        for role in resource.iter()
        if local(role) == "intendedEndUserRole"
        for value in role
        if local(value) == "value"
    }
    return ("instructor" in roles and "learner" not in roles) or resource.get("intendeduse") == "lessonplan"


class Cartridge:
    """An open_archive package. Use it in a `with` statement."""

    def __init__(self, path: Path) -> None:
        try:
            self.archive = open_archive(str(path), entries_max=ENTRIES_MAX, unpacked_max=UNPACKED_MAX)
        except ValidationError as error:
            said = error.messages[0]
            if "PK" not in path.read_bytes()[:4].decode("latin-1") or path.stat().st_size < 22:
                said = _("This is not a zip archive: %(name)s") % {"name": path.name}
            raise PackageError(said) from error
        try:
            self._read_all()
        # nobody else closes the archive: `__exit__` is not called when `__init__` raises
        except BaseException:
            self.archive.close()
            raise

    def _read_all(self) -> None:
        self.names = {entry.filename for entry in self.archive.infolist() if not entry.is_dir()}
        self._folded = {name.replace("\\", "/").casefold(): name for name in self.names}
        self.read_bytes = 0
        manifest = self._manifest()
        self.canvas: CanvasFacts = read_facts(self._tree)
        self.hidden_items, self.file_names = self.canvas.hidden_items, self.canvas.names
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
        """The bytes of an entry. Raises PackageError for what is missing, damaged or larger than it may be."""
        try:
            # bytes are counted as they come out: the sizes in the archive's list may be false (promise 18)
            data = read_entry(self.archive, name, min(limit, UNPACKED_MAX - self.read_bytes))
        except KeyError as error:
            raise PackageError(_("The cartridge has no file %(name)s") % {"name": name}) from error
        except ValidationError as error:
            raise PackageError(error.messages[0]) from error
        self.read_bytes += len(data)
        return data

    def find(self, reference: str, base: str = "") -> str | None:
        """The entry that a link in a page at `base` means, or nothing."""
        path = unquote(reference).split("?")[0].split("#")[0]
        for mark in ("$IMS-CC-FILEBASE$", "$IMS_CC_FILEBASE$"):
            if mark in path:
                return self.named(f"web_resources/{path.split(mark, 1)[1].lstrip('/')}")
        if "$WIKI_REFERENCE$" in path:
            slug = path.rstrip("/").rpartition("/")[2]
            return self.named(f"wiki_content/{slug}.html")
        if "://" in path or path.startswith(("$", "mailto:", "/", "#")) or not path:
            return None
        # `../..` leads nowhere: the result is only looked up among the names of the archive
        return self.named(posixpath.normpath(posixpath.join(posixpath.dirname(base), path)))

    def named(self, name: str) -> str | None:
        """Return the entry of this name; other systems write backslashes, and ignore upper and lower case."""
        return name if name in self.names else self._folded.get(name.replace("\\", "/").casefold())

    def link_of(self, resource: Resource) -> tuple[str, str] | None:
        """Title and address of a web link; None where the file does not say one."""
        name = self.named(resource.href)
        tree = self._tree(name) if name else None
        if tree is None:
            return None
        title = next(iter(_texts(tree, "title")), "")
        address = next((child.get("href", "") for child in _children(tree, "url")), "")
        return (title, address) if address.startswith(("http://", "https://")) else None

    def _tree(self, name: str) -> etree._Element | None:
        """Parse an XML entry; return None if it is missing or cannot be read."""
        if name not in self.names:
            return None
        try:
            return etree.fromstring(self.read(name, XML_MAX), self._parser())
        except (etree.XMLSyntaxError, PackageError):
            return None

    @staticmethod
    def _parser() -> etree.XMLParser:
        # an entity could read a file of the server, or grow to gigabytes (promises 18 and 20)
        return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)

    def _manifest(self) -> etree._Element:
        if "imsmanifest.xml" not in self.names:
            raise PackageError(_("This archive is not a Common Cartridge: it has no imsmanifest.xml."))
        try:
            root = etree.fromstring(self.read("imsmanifest.xml", XML_MAX), self._parser())
        except etree.XMLSyntaxError as error:
            raise PackageError(_("The manifest is not well-formed: %(error)s") % {"error": error}) from error
        if local(root) != "manifest":
            raise PackageError(_("This archive is not a Common Cartridge: its manifest is something else."))
        return root

    def _resources(self, manifest: etree._Element) -> dict[str, Resource]:
        found: dict[str, Resource] = {}
        base_of = "{http://www.w3.org/XML/1998/namespace}base"
        for holder in _children(manifest, "resources"):
            above = posixpath.join(manifest.get(base_of, ""), holder.get(base_of, ""))
            for element in _children(holder, "resource"):
                files = tuple(unquote(f.get("href", "")) for f in _children(element, "file"))
                href = unquote(element.get("href") or (files[0] if files else ""))
                path = posixpath.normpath(posixpath.join(above, element.get(base_of, ""), href)) if href else ""
                path = self.named(path) or path
                key = element.get("identifier", "")
                hidden = _is_for_teachers(element) or self.canvas.hides(key, path)
                type_ = element.get("type", "")
                found[key] = Resource(key, _kind_of(type_, path), path, files, hidden, type_)
        return found

    def _outline(self, manifest: etree._Element) -> list[Item]:
        organizations = [o for holder in _children(manifest, "organizations") for o in holder]
        tops = [item for o in organizations for item in _children(o, "item")]
        left = ITEMS_MAX - len(tops)
        items = []
        for element in tops:
            item, left = self._item(element, left)
            items.append(item)
        # the specification has one root item that stands for the course itself
        if len(items) == 1 and items[0].children and not items[0].resource:
            return items[0].children
        return items

    def _item(self, top: etree._Element, left: int) -> tuple[Item, int]:
        """Return the item with all below it, and how many of the `left` items the package may still have.

        Items that are too deep are placed beside their parents.
        """
        root = self._one(top)
        # a list of work in place of recursion: a manifest may nest as deep as it likes
        work = [(top, root, 1)]
        while work:
            element, item, depth = work.pop()
            for child in _children(element, "item"):
                left -= 1
                if left < 0:
                    raise PackageError(_("The outline has more than %(n)s items.") % {"n": ITEMS_MAX})
                made = self._one(child)
                item.children.append(made)
                # a subtree beyond the depth is collected into the last level
                work.append((child, made if depth < DEPTH_MAX else item, min(depth + 1, DEPTH_MAX)))
        return root, left

    def _one(self, element: etree._Element) -> Item:
        title = " ".join(next(iter(_texts(element, "title")), "").split())
        key = element.get("identifier", "")
        reference = element.get("identifierref", "")
        resource = self.resources.get(reference)
        hidden = key in self.canvas.hidden_items or element.get("isvisible", "").lower() == "false"
        return Item(title, key, resource, hidden, bool(reference))

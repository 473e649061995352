"""A course as every reader of packages gives it: an outline of items, and the resources that they name.

A reader (`learning.exchange.packages`) fills it from one format; `learning.exchange.build` makes pages of it and knows
no format.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

PAGE_MAX = 5 * 1024**2  # bytes of one page


class PackageError(Exception):
    """The file is no package that can be read; the message says why. `report` may have a line for each part."""

    report: Any = None


class Kind(StrEnum):
    """What a resource can become."""

    PAGE = "page"
    FILE = "file"
    LINK = "link"
    OTHER = "other"  # nothing that can be imported; `Resource.type` says what


@dataclass(frozen=True, slots=True)
class Resource:
    id: str
    kind: Kind
    href: str  # its entry in the package
    files: tuple[str, ...]
    hidden: bool = False  # the package shows it to teachers only
    type: str = ""  # what the format calls it

    @property
    def is_page(self) -> bool:
        return self.kind == Kind.PAGE

    @property
    def is_file(self) -> bool:
        return self.kind == Kind.FILE

    @property
    def is_link(self) -> bool:
        return self.kind == Kind.LINK


@dataclass(slots=True)
class Item:
    title: str
    id: str = ""
    resource: Resource | None = None
    hidden: bool = False
    refers: bool = False  # whether it names a resource, there or not
    children: list["Item"] = field(default_factory=list)

    def below(self) -> list["Item"]:
        """The item and all below it, in order; those below a hidden one are hidden."""
        found: list[Item] = []
        work = [self]
        while work:
            item = work.pop()
            found.append(item)
            for child in item.children:
                child.hidden = child.hidden or item.hidden
            work.extend(reversed(item.children))
        return found


class CoursePackage(Protocol):
    """An opened package. Texts are empty where it has none."""

    title: str
    description: str  # HTML
    rights: str  # the licence
    outline: list[Item]
    resources: dict[str, Resource]  # by their ids
    names: set[str]  # of all entries
    hidden_items: set[str]  # ids of items, and of the resources they name, that students do not see
    file_names: dict[str, str]  # names of files for people, by the ids of their resources

    def read(self, name: str, limit: int = ...) -> bytes:
        """The bytes of an entry. Raises PackageError for what is missing, damaged or larger than `limit`."""

    def find(self, reference: str, base: str = "") -> str | None:
        """The entry that a link in the page at `base` means; None where there is none."""

    def link_of(self, resource: Resource) -> tuple[str, str] | None:
        """Title and address of a web link; None where the resource does not say one."""

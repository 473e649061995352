"""Titles of a package's pages, and whether students see them."""

from pathlib import Path

from learning.exchange.packages.encodings import decoded
from learning.exchange.packages.html_trees import parsed
from learning.exchange.tree import PAGE_MAX, CoursePackage, PackageError, Resource

HEAD = 65_536  # bytes in which a title is looked for


def title_of(package: CoursePackage, resource: Resource) -> str:
    """The title of a page, or else the name of its file."""
    try:
        data = package.read(resource.href, PAGE_MAX)
    except PackageError:
        return Path(resource.href).stem  # filling the lesson says what is wrong with the page
    # only the head: a title is needed before the page is converted, and a page may have 5 MB
    text, _guessed = decoded(data[:HEAD])
    root = parsed(text)
    title = root.findtext(".//title") if root is not None else None
    return " ".join((title or "").split()) or Path(resource.href).stem


def is_unpublished(package: CoursePackage, href: str) -> bool:
    """Canvas says in the page's head that students do not see it."""
    try:
        text, _guessed = decoded(package.read(href, PAGE_MAX))
    except PackageError:
        return False
    root = parsed(text)
    head = root.find("head") if root is not None else None
    said = {
        meta.get("name"): (meta.get("content") or "").lower()
        for meta in (head.iter("meta") if head is not None else ())
    }
    state = said.get("workflow_state", "")
    return state == "unpublished" or (said.get("hide_from_students") == "true" and state in ("", "active"))

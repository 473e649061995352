"""Bringing a course in from a Common Cartridge."""

import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.html import escape
from django.utils.text import slugify
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError
from wagtail.models import Collection, Page

from learning.accounts.models import User
from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.exchange.cartridge import Cartridge, CartridgeError, Item, Resource
from learning.exchange.html_blocks import BlockMaker, RawBlock, minutes_to_read
from learning.library.collections import collection_of
from learning.library.models import Picture, StoredFile

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
TITLE_LENGTH = 255
KINDS_LEFT_OUT = {
    "imsdt": "discussion",
    "imswl": "web link",
    "imsbasiclti": "LTI tool",
    "imsqti": "quiz",
    "assignment": "assignment",
    "learning-application-resource": "settings or assignment of the other system",
}


@dataclass
class ImportReport:
    """What came in and what did not, and why."""

    course: CoursePage | None = None
    modules: int = 0
    lessons: int = 0
    pictures: int = 0
    files: int = 0
    left_out: list[str] = field(default_factory=list)


def import_cartridge(
    *, path: Path, catalog: CatalogPage, publish: bool = False, owner: User | None = None, language: str = "en"
) -> ImportReport:
    """Make a course of a cartridge's pages, pictures and files, as drafts unless `publish`.

    All or nothing: an error leaves neither pages nor stored files behind. Raises CartridgeError.
    """
    with Cartridge(path) as cartridge:
        work = _Import(cartridge, catalog, publish, owner, language)
        try:
            with transaction.atomic():
                return work.run()
        except BaseException:
            for thing in work.stored:
                thing.file.storage.delete(thing.file.name)
            raise


class _Import:
    def __init__(
        self, cartridge: Cartridge, catalog: CatalogPage, publish: bool, owner: User | None, language: str
    ) -> None:
        self.cartridge = cartridge
        self.catalog = catalog
        self.publish = publish
        self.owner = owner
        self.language = language
        self.report = ImportReport()
        self.stored: list[Any] = []
        self.pictures: dict[str, int] = {}
        self.files: dict[str, StoredFile] = {}
        self.linked_files: set[str] = set()
        self.pages: dict[str, LessonPage] = {}

    def run(self) -> ImportReport:
        self.course = self._make_course()
        self.report.course = self.course
        self.collection: Collection = collection_of(self.course)
        self._store_all()
        self._make_lessons()
        self._fill_lessons()
        self._add_unlinked_files()
        if not self.pages:
            raise CartridgeError(
                _("There is no page and no file in this cartridge that can be imported. Left out: %(left_out)s")
                % {"left_out": "; ".join(self.report.left_out[:5]) or "–"}
            )
        self._finish()
        return self.report

    # --- pages ------------------------------------------------------------------------

    def _make_course(self) -> CoursePage:
        title = self.cartridge.title[:TITLE_LENGTH] or _("Imported course")
        text = BeautifulSoup(self.cartridge.description, "lxml").get_text(" ", strip=True)
        rights = self.cartridge.rights
        said_rights = _("Licence of the original: %(rights)s") % {"rights": rights}
        # not every package says what it is about; its outline does
        outline = ", ".join(item.title for item in self.cartridge.outline if item.title)
        course = CoursePage(
            title=title,
            slug=free_slug(self.catalog, title),
            summary=(text or outline or title)[:300],
            about=f"<p>{escape(said_rights)}</p>" if rights else "",
            language=self.language,
            live=False,
            owner=self.owner,
        )
        return self.catalog.add_child(instance=course)

    def _make_lessons(self) -> None:
        """Modules and empty lessons first, so that pages can link to one another."""
        loose: list[Item] = []
        for item in self.cartridge.outline:
            leaves = item.leaves()
            if item.children:
                self._make_module(item.title or _("Module"), leaves)
            else:
                loose.extend(leaves)
        if loose:
            self._make_module(_("Lessons"), loose)
        in_outline = set(self.pages)
        others = [
            Item(self._title_of(resource), resource)
            for resource in self.cartridge.resources.values()
            if resource.is_page and resource.href not in in_outline and resource.href in self.cartridge.names
        ]
        if others:
            self._make_module(_("More pages"), others)

    def _make_module(self, title: str, leaves: list[Item]) -> None:
        wanted = []
        for leaf in leaves:
            resource = leaf.resource
            if resource is None:
                continue
            is_page = resource.is_page and resource.href in self.cartridge.names
            if is_page or (resource.is_file and resource.href in self.files):
                wanted.append((leaf.title, resource))
            elif not (resource.is_file and resource.href in self.pictures):
                kind = next((said for mark, said in KINDS_LEFT_OUT.items() if mark in resource.type), resource.type)
                self.report.left_out.append(f"{kind}: {leaf.title}")
        if not wanted:
            return
        module = ModulePage(title=title[:TITLE_LENGTH], live=False, owner=self.owner)
        module.slug = free_slug(self.course, title)
        self.course.add_child(instance=module)
        self.report.modules += 1
        for lesson_title, resource in wanted:
            if resource.href in self.pages:
                continue
            name = (lesson_title or self._title_of(resource))[:TITLE_LENGTH]
            lesson = LessonPage(title=name, live=False, owner=self.owner)
            lesson.slug = free_slug(module, name)
            module.add_child(instance=lesson)
            self.pages[resource.href] = lesson
            self.report.lessons += 1

    def _title_of(self, resource: Resource) -> str:
        soup = BeautifulSoup(self.cartridge.read(resource.href), "lxml")
        return (soup.title.get_text(strip=True) if soup.title else "") or Path(resource.href).stem

    def _fill_lessons(self) -> None:
        for href, lesson in self.pages.items():
            if href in self.files:
                self.linked_files.add(href)
                lesson.body = self._stream([self._file_block(href)])
            else:
                lesson.body = self._stream(self._blocks_of(href))
            lesson.minutes = minutes_to_read(list(lesson.body.raw_data))
            lesson.save()

    def _blocks_of(self, href: str) -> list[RawBlock]:
        maker = BlockMaker(
            find_picture=lambda source: self.pictures.get(self.cartridge.find(source, href) or ""),
            find_link=lambda target: self._link(target, href),
        )
        blocks = maker.make(self.cartridge.read(href).decode("utf-8", "replace"))
        self.report.left_out.extend(f"link or picture in {Path(href).name}: {lost[:120]}" for lost in maker.lost)
        return blocks

    def _link(self, target: str, base: str) -> dict[str, str] | None:
        name = self.cartridge.find(target, base)
        if name in self.pages:
            return {"linktype": "page", "id": str(self.pages[name].pk)}
        if name in self.files:
            self.linked_files.add(name)
            return {"linktype": "document", "id": str(self.files[name].pk)}
        return {"href": target} if re.match(r"(https?://|mailto:)", target) and "$" not in target else None

    @staticmethod
    def _stream(blocks: list[RawBlock]) -> Any:
        return LessonPage._meta.get_field("body").stream_block.to_python(blocks)  # type: ignore[union-attr]

    def _file_block(self, href: str) -> RawBlock:
        file = self.files[href]
        return {"type": "file", "value": {"file": file.pk, "title": file.title}}

    def _add_unlinked_files(self) -> None:
        unlinked = [href for href in self.files if href not in self.linked_files]
        if not unlinked:
            return
        module = ModulePage(title=_("Files"), live=False, owner=self.owner)
        module.slug = free_slug(self.course, "files")
        self.course.add_child(instance=module)
        lesson = LessonPage(title=_("Files of the course"), live=False, owner=self.owner, minutes=5)
        lesson.slug = free_slug(module, "files")
        lesson.body = self._stream([self._file_block(href) for href in sorted(unlinked)])
        module.add_child(instance=lesson)
        self.pages["/files"] = lesson
        self.report.modules += 1
        self.report.lessons += 1

    def _finish(self) -> None:
        """A revision for every page, so that history begins here; published from the top down."""
        hidden = {href for href in self.pages if self._is_unpublished(href)}
        skipped = {self.pages[href].pk for href in hidden}
        course = CoursePage.objects.get(pk=self.course.pk)
        for page in [course, *(p.specific for p in course.get_descendants().order_by("path"))]:
            revision = page.save_revision(user=self.owner)
            if self.publish and page.pk not in skipped:
                # whoever runs an import answers for it; drafts are the default
                revision.publish(user=self.owner, skip_permission_checks=True)
        self.report.course = CoursePage.objects.get(pk=course.pk)

    def _is_unpublished(self, href: str) -> bool:
        """Canvas says so in the page's head; such a page stays a draft."""
        if href not in self.cartridge.names or href in self.files:
            return False
        head = self.cartridge.read(href)[:4000].decode("utf-8", "replace")
        return bool(re.search(r'name="workflow_state"\s+content="unpublished"', head))

    # --- files ------------------------------------------------------------------------

    def _store_all(self) -> None:
        for resource in self.cartridge.resources.values():
            if not resource.is_file or resource.href not in self.cartridge.names:
                continue
            if resource.href.lower().endswith(PICTURES):
                self._store_picture(resource.href)
            else:
                self._store_file(resource.href)

    def _store_picture(self, href: str) -> None:
        data = self.cartridge.read(href)
        try:
            with Image.open(BytesIO(data)) as picture:
                picture.verify()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            self.report.left_out.append(f"picture that cannot be read: {href}")
            return
        name = Path(href).name
        picture_row = Picture(title=Path(href).stem[:255], collection=self.collection, uploaded_by_user=self.owner)
        picture_row.file = ContentFile(data, name=name)
        picture_row.save()
        self.stored.append(picture_row)
        self.pictures[href] = picture_row.pk
        self.report.pictures += 1

    def _store_file(self, href: str) -> None:
        row = StoredFile(title=Path(href).stem[:255], collection=self.collection, uploaded_by_user=self.owner)
        row.file = ContentFile(self.cartridge.read(href), name=Path(href).name)
        row.file_size = row.file.size
        try:
            row.clean()
        except ValidationError as error:
            self.report.left_out.append(f"{href}: {' '.join(error.messages)}")
            return
        row.save()
        self.stored.append(row)
        self.files[href] = row
        self.report.files += 1


def free_slug(parent: Page, title: str) -> str:
    """A slug of the title that no child of the parent has."""
    base = slugify(title, allow_unicode=True)[:200] or "page"
    taken = set(parent.get_children().filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)


__all__ = ["CartridgeError", "ImportReport", "free_slug", "import_cartridge"]

"""Bringing a course in from a Common Cartridge.

A large package takes a minute, and nobody else may wait for it: every page and every file is stored in a transaction
of its own. Until the end a row of `CourseImport` says that the course is on its way; when the import fails or its
process is killed, everything that belongs to it is deleted again.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.html import escape
from django.utils.text import slugify
from django.utils.translation import gettext as _
from wagtail.models import Collection, Page

from learning.accounts.models import User
from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.courses.video import find_video
from learning.exchange.cartridge import PAGE_MAX, Cartridge, CartridgeError, Item, Resource
from learning.exchange.encodings import decoded
from learning.exchange.html_blocks import BlockMaker, PageTooSlowError
from learning.exchange.html_trees import parsed
from learning.exchange.models import CourseImport
from learning.exchange.package_files import PICTURES, PackageFiles
from learning.exchange.raw_blocks import RawBlock, minutes_to_read
from learning.exchange.report import ImportReport
from learning.exchange.undoing import undo_abandoned, undo_import
from learning.library.collections import collection_of

TITLE_LENGTH = 255
BREATH = 0.02  # seconds between two transactions, in which others write to a database that has one writer at a time
LINKS_IN_LESSON = 50
KINDS_LEFT_OUT = {
    "imsdt": "discussion",
    "imswl": "web link without an address",
    "imsbasiclti": "LTI tool",
    "imsqti": "quiz",
    "assignment": "assignment",
    "learning-application-resource": "settings or assignment of the other system",
}


def import_cartridge(
    *,
    path: Path,
    catalog: CatalogPage,
    publish: bool = False,
    owner: User | None = None,
    language: str = "en",
    between: Callable[[], None] | None = None,
) -> ImportReport:
    """Make a course of a cartridge's pages, links, pictures and files, as drafts unless `publish`.

    What the package hides from students stays a draft. `between` is called after each page, and what it raises ends
    the import. All or nothing: an error leaves neither pages nor stored files behind. Raises CartridgeError, whose
    `report` has a line for every part of the package.
    """
    undo_abandoned()
    with Cartridge(path) as cartridge:
        work = _Import(cartridge, catalog, publish, owner, language)
        work.between = between
        try:
            return work.run(path.name)
        except BaseException as error:
            work.undo()
            if isinstance(error, CartridgeError):
                error.report = work.report
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
        self.journal: CourseImport | None = None
        self.between: Callable[[], None] | None = None
        self.slugs: dict[int, set[str]] = {}  # of the pages below each parent
        self.shown_files: set[str] = set()
        self.pages: dict[str, LessonPage] = {}  # by the entry of the package
        self.bodies: dict[int, Any] = {}  # what becomes the body of each lesson: an entry or raw blocks
        self.hidden: set[int] = set()  # pages that stay drafts
        self.hidden_files = {r.href: r for r in cartridge.resources.values() if r.hidden and not r.is_page}
        self.described: set[str] = set()  # resources that have their line in the report

    def run(self, filename: str) -> ImportReport:
        with transaction.atomic():
            self.course = self._make_course()
            self.collection: Collection = collection_of(self.course)
            self.journal = CourseImport.objects.create(
                course_id=self.course.pk, collection=self.collection, filename=filename[:200]
            )
        self.stored = PackageFiles(self.cartridge, self.report, self.collection, self.owner)
        self.described |= self.stored.store_files(self._breathe)
        self._make_lessons()
        self._fill_lessons()
        self._add_files_lesson()
        self._describe_the_rest()
        if not self.bodies:
            raise CartridgeError(
                _("There is no page, link or file in this cartridge that can be imported. Left out: %(left_out)s")
                % {"left_out": "; ".join(self.report.left_out[:5]) or "–"}
            )
        self._finish()
        return self.report

    def undo(self) -> None:
        if self.journal is not None:
            undo_import(self.journal)

    def _breathe(self) -> None:
        """Say that the import is alive, hear whether it shall end, and let others write."""
        if self.between is not None:
            self.between()
        if self.journal is not None:
            CourseImport.objects.filter(pk=self.journal.pk).update(seen_at=timezone.now())
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            time.sleep(BREATH)

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
            slug=self._free_slug(self.catalog, title),
            summary=(text or outline or title)[:300],
            about=f"<p>{escape(said_rights)}</p>" if rights else "",
            language=self.language,
            live=False,
            owner=self.owner,
        )
        return self.catalog.add_child(instance=course)

    def _free_slug(self, parent: Page, title: str) -> str:
        if parent.pk not in self.slugs:
            self.slugs[parent.pk] = set(parent.get_children().values_list("slug", flat=True))
        slug = free_slug_among(self.slugs[parent.pk], title)
        self.slugs[parent.pk].add(slug)
        return slug

    def _make_lessons(self) -> None:
        """Modules and empty lessons first, so that pages can link to one another."""
        loose: list[Item] = []
        for item in self.cartridge.outline:
            if item.children:
                self._make_module(item.title or _("Module"), item.below()[1:], hidden=item.hidden)
                self.report.taken(item.title or item.id, "module")
            else:
                loose.append(item)
        if loose:
            self._make_module(_("Lessons"), loose)
        in_outline = {leaf.resource.id for top in self.cartridge.outline for leaf in top.below() if leaf.resource}
        syllabus = self._syllabus()
        spoken = {item.resource.href for item in syllabus if item.resource}
        others = [
            Item(self._title_of(resource), resource=resource)
            for resource in self.cartridge.resources.values()
            if resource.is_page
            and resource.id not in in_outline
            and resource.href not in {*self.pages, *spoken}
            and resource.href in self.cartridge.names
            and not resource.id.endswith("_fallback")
        ]
        if others or syllabus:
            self._make_module(_("More pages"), [*syllabus, *others])

    def _syllabus(self) -> list[Item]:
        """Canvas's syllabus, which the outline does not name."""
        found = next(
            (r for r in self.cartridge.resources.values() if r.is_page and r.href.endswith("syllabus.html")), None
        )
        if found is None or found.href in self.pages or found.href not in self.cartridge.names:
            return []
        return [Item(_("Syllabus"), resource=found)] if found.type != "webcontent" else []

    def _make_module(self, title: str, items: list[Item], *, hidden: bool = False) -> None:
        module: ModulePage | None = None
        links: list[tuple[str, str]] = []

        def lesson(name: str, body: Any, *, hides: bool = False) -> LessonPage:
            nonlocal module
            if module is None:
                module = self._add_module(title, hidden=hidden)
            return self._add_lesson(module, name, body, hides=hides or hidden)

        for item in items:
            resource = item.resource
            link = self.cartridge.link_of(resource) if resource is not None and resource.is_link else None
            if link is not None and not item.hidden:
                links.append((item.title or link[0] or link[1], link[1]))
                self._describe(item, "web link")
                if len(links) < LINKS_IN_LESSON:
                    continue
            if links:
                self._add_links(lesson, links)
                links = []
            if link is None or item.hidden:
                self._take(item, lesson)
        if links:
            self._add_links(lesson, links)

    def _take(self, item: Item, lesson: Any) -> None:
        """Make what an item stands for, or say why not."""
        resource = item.resource
        if resource is None:
            if item.refers:
                self.report.leave_out(item.title or item.id, "nothing in the package has the name of this item")
            elif not item.children:
                self.report.leave_out(item.title or item.id, "header without anything of its own")
            else:
                self.report.taken(item.title, "header; its items follow")
            return
        name = item.title or Path(resource.href).stem
        hides = item.hidden or resource.hidden or resource.id in self.cartridge.canvas.hidden_items
        if resource.is_page and resource.href in self.cartridge.names:
            hides = hides or self._is_unpublished(resource.href)
        if resource.href in self.pages:
            first = self.pages[resource.href]
            inside = f'<a linktype="page" id="{first.pk}">{escape(first.title)}</a>'
            lesson(name, [_text(f"<p>{inside}</p>")], hides=hides)
            self._describe(item, "used again: a link to its first place")
        elif resource.is_page and resource.href in self.cartridge.names:
            page = lesson(item.title or self._title_of(resource), resource.href, hides=hides)
            self.pages[resource.href] = page
            self._describe(item, "page", hides=hides)
        elif resource.href in self.stored.files:
            self.shown_files.add(resource.href)
            self.pages[resource.href] = lesson(name, [self._file_block(resource.href)], hides=hides)
            self._describe(item, "file", hides=hides)
        elif resource.is_file and resource.href.lower().endswith(PICTURES) and self.stored.picture(resource.href):
            self.pages[resource.href] = lesson(name, [self._picture_block(resource.href)], hides=hides)
            self._describe(item, "picture", hides=hides)
        else:
            kind = next((said for mark, said in KINDS_LEFT_OUT.items() if mark in resource.type), resource.type)
            if resource.is_file and resource.href not in self.cartridge.names:
                kind = "file that is not in the package"
            self.described.add(resource.id)
            self.report.leave_out(item.title or resource.href or resource.id, kind)

    def _describe(self, item: Item, what: str, *, hides: bool = False) -> None:
        resource = item.resource
        if resource is not None:
            self.described.add(resource.id)
        name = item.title or (resource.href if resource else item.id)
        if hides:
            self.report.draft(name, f"{what} that the package hides from students")
        else:
            self.report.taken(name, what)

    def _add_module(self, title: str, *, hidden: bool) -> ModulePage:
        module = ModulePage(title=title[:TITLE_LENGTH], live=False, owner=self.owner)
        module.slug = self._free_slug(self.course, title)
        with transaction.atomic():
            CoursePage.objects.get(pk=self.course.pk).add_child(instance=module)
        self.report.modules += 1
        if hidden:
            self.hidden.add(module.pk)
        return module

    def _add_lesson(self, module: ModulePage, title: str, body: Any, *, hides: bool) -> LessonPage:
        name = (title or _("Lesson"))[:TITLE_LENGTH]
        lesson = LessonPage(title=name, live=False, owner=self.owner)
        lesson.slug = self._free_slug(module, name)
        with transaction.atomic():
            module.add_child(instance=lesson)
        self._breathe()
        self.report.lessons += 1
        self.bodies[lesson.pk] = (lesson, body)
        if hides:
            self.hidden.add(lesson.pk)
        return lesson

    def _add_links(self, lesson: Any, links: list[tuple[str, str]]) -> None:
        """Web links that stand together become one lesson; a video that we know is played there."""
        blocks: list[RawBlock] = []
        for title, address in links:
            try:
                find_video(address)
            except ValidationError:
                blocks.append(_text(f'<p><a href="{escape(address)}">{escape(title)}</a></p>'))
            else:
                blocks.append({"type": "video_link", "value": {"url": address, "title": title[:160] or "Video"}})
        lesson(links[0][0] if len(links) == 1 else _("Links"), blocks)

    def _title_of(self, resource: Resource) -> str:
        try:
            data = self.cartridge.read(resource.href, PAGE_MAX)
        except CartridgeError:
            return Path(resource.href).stem  # filling the lesson says what is wrong with the page
        text, _guessed = decoded(data[:65_536])
        root = parsed(text)
        title = root.findtext(".//title") if root is not None else None
        return " ".join((title or "").split()) or Path(resource.href).stem

    def _fill_lessons(self) -> None:
        for lesson, body in list(self.bodies.values()):
            blocks = self._blocks_of(body, lesson) if isinstance(body, str) else body
            lesson.body = self._stream(blocks)
            lesson.minutes = minutes_to_read(list(lesson.body.raw_data))
            with transaction.atomic():
                lesson.save()
            self._breathe()

    def _blocks_of(self, href: str, lesson: LessonPage) -> list[RawBlock]:
        name = Path(href).name
        maker = BlockMaker(
            find_picture=lambda source: self._picture(self.cartridge.find(source, href), lesson),
            find_link=lambda target: self._link(target, href, lesson),
            find_file=lambda source: self._player(self.cartridge.find(source, href), lesson),
        )
        try:
            text, guessed = decoded(self.cartridge.read(href, PAGE_MAX))
            blocks = maker.make(text)
        except (PageTooSlowError, CartridgeError, RecursionError) as error:
            self.report.leave_out(name, str(error) or "page that takes too long to read")
            self.hidden.add(lesson.pk)
            return []
        if guessed:
            self.report.taken(name, f"page whose encoding is not declared, read as {guessed}")
        for lost in maker.lost:
            self.report.leave_out(lost[:120], f"link or picture in {name}")
        return blocks

    def _link(self, target: str, base: str, lesson: LessonPage) -> dict[str, str] | None:
        name = self.cartridge.find(target, base)
        if name in self.pages and name not in self.stored.files:
            return {"linktype": "page", "id": str(self.pages[name].pk)}
        if name in self.stored.files and self._may_show(name, lesson):
            self.shown_files.add(name)
            return {"linktype": "document", "id": str(self.stored.files[name].pk)}
        return {"href": target} if re.match(r"(https?://|mailto:)", target) and "$" not in target else None

    def _may_show(self, name: str, lesson: LessonPage) -> bool:
        """A file that the package hides stands in drafts only: a page that students read would open it to them."""
        return name not in self.hidden_files or lesson.pk in self.hidden

    def _picture(self, href: str | None, lesson: LessonPage) -> int | None:
        if href is None or not href.lower().endswith(PICTURES) or not self._may_show(href, lesson):
            return None
        picture = self.stored.picture(href)
        return picture.pk if picture else None

    def _player(self, name: str | None, lesson: LessonPage) -> tuple[str, int] | None:
        if name not in self.stored.files or not self._may_show(name, lesson):
            return None
        self.shown_files.add(name)
        file = self.stored.files[name]
        return (file.kind if file.kind in ("video", "audio") else "file"), file.pk

    @staticmethod
    def _stream(blocks: list[RawBlock]) -> Any:
        return LessonPage._meta.get_field("body").stream_block.to_python(blocks)  # type: ignore[union-attr]

    def _file_block(self, href: str) -> RawBlock:
        file = self.stored.files[href]
        return {"type": "file", "value": {"file": file.pk, "title": file.title[:160]}}

    def _picture_block(self, href: str) -> RawBlock:
        picture = self.stored.pictures[href]
        assert picture is not None  # noqa: S101  (asked before)
        return {"type": "image", "value": {"image": picture.pk, "alt": "", "caption": picture.title, "wide": False}}

    def _add_files_lesson(self) -> None:
        """What no page shows: files for students in one lesson, those for teachers in a draft."""
        unshown = sorted(href for href in self.stored.files if href not in self.shown_files)
        groups = (
            (_("Files of the course"), [href for href in unshown if href not in self.hidden_files], False),
            (_("Files for teachers"), [href for href in unshown if href in self.hidden_files], True),
        )
        if not unshown:
            return
        module = self._add_module(_("Files"), hidden=not groups[0][1])
        for title, names, hides in groups:
            if names:
                lesson = self._add_lesson(module, title, [], hides=hides)
                lesson.body = self._stream([self._file_block(href) for href in names])
                lesson.minutes = 5
                with transaction.atomic():
                    lesson.save()

    def _describe_the_rest(self) -> None:
        """A line for every resource and file that no item has spoken of."""
        spoken = {name for r in self.cartridge.resources.values() for name in (r.href, *r.files)}
        for resource in self.cartridge.resources.values():
            if resource.id in self.described:
                continue
            name = resource.href or resource.id
            if resource.href in self.stored.files or self.stored.pictures.get(resource.href):
                hides = resource.href in self.hidden_files
                note = self.report.draft if hides else self.report.taken
                note(name, "file that the package hides from students" if hides else "file")
            elif resource.href in self.pages:
                self.report.taken(name, "page")
            elif resource.is_file and resource.href.lower().endswith(PICTURES):
                if resource.href not in self.stored.pictures:
                    self.report.leave_out(name, "picture that no page shows")
            elif not any(line.what == name for line in self.report.lines):
                kind = next((said for mark, said in KINDS_LEFT_OUT.items() if mark in resource.type), resource.type)
                missing = resource.href not in self.cartridge.names
                self.report.leave_out(name, "file that is not in the package" if missing and not kind else kind)
        for name in sorted(self.cartridge.names - spoken - {"imsmanifest.xml"}):
            self.report.leave_out(name, "file that the manifest does not name")

    def _finish(self) -> None:
        """A revision for every page, so that history begins here; published from the top down."""
        # from here on the course is whole: whatever happens now, it is not deleted any more
        CourseImport.objects.filter(course_id=self.course.pk).delete()
        self.journal = None
        course = CoursePage.objects.get(pk=self.course.pk)
        hidden_paths = tuple(Page.objects.filter(pk__in=self.hidden).values_list("path", flat=True))
        keys = course.get_descendants(inclusive=True).order_by("path").values_list("pk", flat=True)
        for key in list(keys):
            page = Page.objects.get(pk=key).specific
            with transaction.atomic():
                revision = page.save_revision(user=self.owner)
                if self.publish and not (hidden_paths and page.path.startswith(hidden_paths)):
                    # whoever runs an import answers for it; drafts are the default
                    revision.publish(user=self.owner, skip_permission_checks=True)
            self._breathe()
        self.report.course = CoursePage.objects.get(pk=course.pk)

    def _is_unpublished(self, href: str) -> bool:
        """Canvas says in the page's head that students do not see it."""
        try:
            text, _guessed = decoded(self.cartridge.read(href, PAGE_MAX))
        except CartridgeError:
            return False
        root = parsed(text)
        head = root.find("head") if root is not None else None
        said = {
            meta.get("name"): (meta.get("content") or "").lower()
            for meta in (head.iter("meta") if head is not None else ())
        }
        state = said.get("workflow_state", "")
        return state == "unpublished" or (said.get("hide_from_students") == "true" and state in ("", "active"))


def _text(html: str) -> RawBlock:
    return {"type": "text", "value": html}


def free_slug_among(taken: set[str], title: str) -> str:
    """A slug of the title that is not among those taken."""
    base = slugify(title, allow_unicode=True)[:200] or "page"
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)


__all__ = ["CartridgeError", "ImportReport", "import_cartridge"]

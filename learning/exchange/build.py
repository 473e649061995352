"""Import a course from a Common Cartridge.

A large package takes a minute, and nobody else may wait for it: every page and every file is stored in a transaction
of its own. Until the end a row of `CourseImport` says that the course is on its way, and rows of `ImportedPart` what
is stored. When the import fails or is ended in order, everything that belongs to it is deleted again. When its process
dies, the same import started again goes on; if nobody starts it, it is undone after an hour.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.models import Collection, Page

from learning.accounts.models import User
from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.courses.video import find_video
from learning.exchange.finishing import finish_import
from learning.exchange.lesson_bodies import LessonBodies, stream_of, text_block
from learning.exchange.models import CourseImport
from learning.exchange.package_files import PICTURES, PackageFiles
from learning.exchange.packages.cartridge import Cartridge
from learning.exchange.packages.page_facts import is_unpublished, title_of
from learning.exchange.raw_blocks import RawBlock, minutes_to_read
from learning.exchange.report import ImportReport
from learning.exchange.stored_parts import StoredParts, fingerprint, resume_interrupted
from learning.exchange.tree import CoursePackage, Item, PackageError, Resource
from learning.exchange.undoing import end_abandoned, undo_import
from learning.library.collections import collection_of

TITLE_LENGTH = 255
# one transaction for a whole package kept SQLite's only writer for a minute: log-ins failed meanwhile
BREATH = 0.02  # seconds between two transactions, in which others write to a database that has one writer at a time
LINKS_IN_LESSON = 50
KINDS_LEFT_OUT = {
    "imsdt": gettext_lazy("discussion"),
    "imswl": gettext_lazy("web link without an address"),
    "imsbasiclti": gettext_lazy("LTI tool"),
    "imsqti": gettext_lazy("quiz"),
    "assignment": gettext_lazy("assignment"),
    "learning-application-resource": gettext_lazy("settings or assignment of the other system"),
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
    the import. All or nothing: an error leaves neither pages nor stored files behind. An import whose process died goes
    on where it was when the same package is imported with the same options; whether it did stands in `report.resumed`.
    Raises PackageError, whose `report` has a line for every part of the package.
    """
    mark = fingerprint(path, catalog, owner, publish, language)
    with Cartridge(path) as cartridge:
        interrupted = resume_interrupted(mark)
        # after the call above, which renews `seen_at`: the import that goes on here must not be undone as abandoned
        end_abandoned()
        work = _Import(cartridge, catalog, publish, owner, language)
        work.between = between
        work.begin(path.name, mark, interrupted)
        try:
            return work.run()
        # also SystemExit and KeyboardInterrupt: an import that is ended by a signal is undone, too
        except BaseException as error:
            work.give_up()
            if isinstance(error, PackageError):
                error.report = work.report
            raise


class _Import:
    parts: StoredParts  # from `begin` on
    course: CoursePage
    collection: Collection

    def __init__(
        self, package: CoursePackage, catalog: CatalogPage, publish: bool, owner: User | None, language: str
    ) -> None:
        self.package = package
        self.catalog = catalog
        self.publish = publish
        self.owner = owner
        self.language = language
        self.report = ImportReport()
        self.between: Callable[[], None] | None = None
        self.slugs: dict[int, set[str]] = {}  # of the pages below each parent
        self.pages: dict[str, LessonPage] = {}  # by the entry of the package
        self.bodies: dict[int, Any] = {}  # (lesson, its content): the name of an entry, or raw blocks
        self.hidden: set[int] = set()  # pages that stay drafts
        self.described: set[str] = set()  # resources that have their line in the report

    def begin(self, filename: str, mark: str, interrupted: CourseImport | None) -> None:
        """Make the course, or find that of the interrupted import."""
        if interrupted is not None:
            self.parts = StoredParts(interrupted)
            course = CoursePage.objects.filter(pk=interrupted.course_id).first()
            if course is not None:
                self.course, self.collection = course, collection_of(course)
                self.report.resumed = True
                return
            # the row and the files of the collection are still there, and would never go
            undo_import(interrupted)  # an editor has deleted the course
        with transaction.atomic():
            # in one transaction with its `CourseImport`: without that row nobody would undo a course that is half done
            self.course = self._make_course()
            self.collection = collection_of(self.course)
            course_import = CourseImport.objects.create(
                course_id=self.course.pk,
                collection=self.collection,
                filename=filename[:200],
                fingerprint=mark,
                publish=self.publish,
                owner=self.owner,
            )
        self.parts = StoredParts(course_import)

    def run(self) -> ImportReport:
        self.stored = PackageFiles(self.package, self.report, self.collection, self.owner, self.parts)
        self.contents = LessonBodies(self.package, self.report, self.stored, self.pages, self.hidden)
        # the order matters: links in a page need the keys of files and lessons, and the lesson of files
        # takes what no page has shown
        self.described |= self.stored.store_files(self._check_in)
        self._make_lessons()
        self._fill_lessons()
        self._add_files_lesson()
        self._describe_the_rest()
        # only here, so that the report has a line for every part also when the package is refused
        if not self.bodies:
            raise PackageError(
                _("There is no page, link or file in this cartridge that can be imported. Left out: %(left_out)s")
                % {"left_out": "; ".join(self.report.left_out[:5]) or "–"}
            )
        self._finish()
        return self.report

    def give_up(self) -> None:
        """Undo the import, unless all its pages are stored: then publishing can go on later."""
        if self.parts.course_import.is_whole:
            self.parts.release()
        else:
            undo_import(self.parts.course_import)

    def _check_in(self) -> None:
        """Record that the import is alive, check whether it must stop, and let other transactions write."""
        if self.between is not None:
            self.between()
        self.parts.show_life()
        # inside a transaction the pause would only keep the lock longer
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            time.sleep(BREATH)

    def _words(self, words: Promise | str) -> str:
        """Translate our own words on a page into the language of the course; the report is in the reader's."""
        with translation.override(self.language):
            return str(words)

    # --- pages ------------------------------------------------------------------------

    def _make_course(self) -> CoursePage:
        title = self.package.title[:TITLE_LENGTH] or self._words(gettext_lazy("Imported course"))
        text = BeautifulSoup(self.package.description, "lxml").get_text(" ", strip=True)
        rights = self.package.rights
        said_rights = self._words(gettext_lazy("Licence of the original: %(rights)s")) % {"rights": rights}
        # not every package says what it is about; its outline does
        outline = ", ".join(item.title for item in self.package.outline if item.title)
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
        # kept in memory: a query for every number tried made thousands of equal titles slow
        if parent.pk not in self.slugs:
            self.slugs[parent.pk] = set(parent.get_children().values_list("slug", flat=True))
        slug = free_slug_among(self.slugs[parent.pk], title)
        self.slugs[parent.pk].add(slug)
        return slug

    def _make_lessons(self) -> None:
        """Modules and empty lessons first, so that pages can link to one another."""
        loose: list[Item] = []
        for item in self.package.outline:
            if item.children:
                self._make_module(
                    item.title or self._words(gettext_lazy("Module")), item.below()[1:], hidden=item.hidden
                )
                self.report.taken(item.title or item.id, _("module"))
            else:
                loose.append(item)
        if loose:
            self._make_module(self._words(gettext_lazy("Lessons")), loose)
        in_outline = {leaf.resource.id for top in self.package.outline for leaf in top.below() if leaf.resource}
        syllabus = self._syllabus()
        spoken = {item.resource.href for item in syllabus if item.resource}
        others = [
            Item(title_of(self.package, resource), resource=resource)
            for resource in self.package.resources.values()
            if resource.is_page
            and resource.id not in in_outline
            and resource.href not in {*self.pages, *spoken}
            and resource.href in self.package.names
            and not resource.id.endswith("_fallback")
        ]
        if others or syllabus:
            self._make_module(self._words(gettext_lazy("More pages")), [*syllabus, *others])

    def _syllabus(self) -> list[Item]:
        """Return the syllabus of a Canvas package as an item; the outline does not name it."""
        found = next(
            (r for r in self.package.resources.values() if r.is_page and r.href.endswith("syllabus.html")), None
        )
        if found is None or found.href in self.pages or found.href not in self.package.names:
            return []
        return [Item(self._words(gettext_lazy("Syllabus")), resource=found)] if found.type != "webcontent" else []

    def _make_module(self, title: str, items: list[Item], *, hidden: bool = False) -> None:
        module: ModulePage | None = None
        links: list[tuple[str, str]] = []

        def lesson(name: str, body: Any, *, hides: bool = False) -> LessonPage:
            # made with its first lesson, so that a module without any is not left empty
            nonlocal module
            if module is None:
                module = self._add_module(title, hidden=hidden)
            return self._add_lesson(module, name, body, hides=hides or hidden)

        for item in items:
            resource = item.resource
            link = self.package.link_of(resource) if resource is not None and resource.is_link else None
            if link is not None and not item.hidden:
                links.append((item.title or link[0] or link[1], link[1]))
                self._describe(item, _("web link"))
                # links wait here until something else follows, so that lessons keep the order of the package
                if len(links) < LINKS_IN_LESSON:
                    continue
            if links:
                self._add_links(lesson, links)
                links = []
            if link is None or item.hidden:
                self._import_item(item, lesson)
        if links:
            self._add_links(lesson, links)

    def _import_item(self, item: Item, lesson: Any) -> None:
        """Create the lesson or file of an item, or report why not."""
        resource = item.resource
        if resource is None:
            if item.refers:
                self.report.leave_out(item.title or item.id, _("nothing in the package has the name of this item"))
            elif not item.children:
                self.report.leave_out(item.title or item.id, _("header without anything of its own"))
            else:
                self.report.taken(item.title, _("header; its items follow"))
            return
        name = item.title or Path(resource.href).stem
        hides = item.hidden or resource.hidden or resource.id in self.package.hidden_items
        if resource.is_page and resource.href in self.package.names:
            # Canvas says it in the module, in the item or only in the page itself: any of them hides the page
            hides = hides or is_unpublished(self.package, resource.href)
        # one entry makes one lesson: a copy would have progress and links of its own
        if resource.href in self.pages:
            first = self.pages[resource.href]
            inside = f'<a linktype="page" id="{first.pk}">{escape(first.title)}</a>'
            lesson(name, [text_block(f"<p>{inside}</p>")], hides=hides)
            self._describe(item, _("used again: a link to its first place"))
        elif resource.is_page and resource.href in self.package.names:
            page = lesson(item.title or title_of(self.package, resource), resource.href, hides=hides)
            self.pages[resource.href] = page
            self._describe(item, _("page"), hides=hides)
        elif resource.href in self.stored.files:
            self.contents.shown_files.add(resource.href)
            self.pages[resource.href] = lesson(name, [self.contents.file_block(resource.href)], hides=hides)
            self._describe(item, _("file"), hides=hides)
        elif resource.is_file and resource.href.lower().endswith(PICTURES) and self.stored.picture(resource.href):
            self.pages[resource.href] = lesson(name, [self.contents.picture_block(resource.href)], hides=hides)
            self._describe(item, _("picture"), hides=hides)
        else:
            kind = self._kind(resource)
            if resource.is_file and resource.href not in self.package.names:
                kind = _("file that is not in the package")
            self.described.add(resource.id)
            self.report.leave_out(item.title or resource.href or resource.id, kind)

    @staticmethod
    def _kind(resource: Resource) -> str:
        """Name the kind of a resource that cannot be imported."""
        return next((str(said) for mark, said in KINDS_LEFT_OUT.items() if mark in resource.type), resource.type)

    def _describe(self, item: Item, what: str, *, hides: bool = False) -> None:
        resource = item.resource
        if resource is not None:
            self.described.add(resource.id)
        name = item.title or (resource.href if resource else item.id)
        if hides:
            self.report.draft(name, _("%(what)s that the package hides from students") % {"what": what})
        else:
            self.report.taken(name, what)

    def _add_module(self, title: str, *, hidden: bool) -> ModulePage:
        def make() -> ModulePage:
            slug = self._free_slug(self.course, title)
            return ModulePage(title=title[:TITLE_LENGTH], slug=slug, live=False, owner=self.owner)

        def add(page: ModulePage) -> None:
            CoursePage.objects.get(pk=self.course.pk).add_child(instance=page)

        module = self.parts.store(ModulePage, title, make, add)
        self.report.modules += 1
        if hidden:
            self.hidden.add(module.pk)
        return module

    def _add_lesson(self, module: ModulePage, title: str, body: Any, *, hides: bool) -> LessonPage:
        name = (title or self._words(gettext_lazy("Lesson")))[:TITLE_LENGTH]

        def make() -> LessonPage:
            return LessonPage(title=name, slug=self._free_slug(module, name), live=False, owner=self.owner)

        lesson = self.parts.store(LessonPage, name, make, lambda page: module.add_child(instance=page))
        self._check_in()
        self.report.lessons += 1
        self.bodies[lesson.pk] = (lesson, body)
        if hides:
            self.hidden.add(lesson.pk)
        return lesson

    def _add_links(self, lesson: Any, links: list[tuple[str, str]]) -> None:
        """Make one lesson of consecutive web links; a link to a video that we know becomes a player."""
        blocks: list[RawBlock] = []
        for title, address in links:
            try:
                find_video(address)
            except ValidationError:
                blocks.append(text_block(f'<p><a href="{escape(address)}">{escape(title)}</a></p>'))
            else:
                blocks.append({"type": "video_link", "value": {"url": address, "title": title[:160] or "Video"}})
        lesson(links[0][0] if len(links) == 1 else self._words(gettext_lazy("Links")), blocks)

    def _fill_lessons(self) -> None:
        for lesson, body in list(self.bodies.values()):
            blocks = self.contents.blocks_of(body, lesson) if isinstance(body, str) else body
            if not self.parts.is_filled(lesson):  # the report needs the blocks of all
                lesson.body = stream_of(blocks)
                lesson.minutes = minutes_to_read(list(lesson.body.raw_data))
                self.parts.fill(lesson)
            self._check_in()

    def _add_files_lesson(self) -> None:
        """Add the files that no page shows: those for students in one lesson, those for teachers in a draft."""
        unshown = sorted(href for href in self.stored.files if href not in self.contents.shown_files)
        groups = (
            (
                self._words(gettext_lazy("Files of the course")),
                [href for href in unshown if href not in self.contents.hidden_files],
                False,
            ),
            (
                self._words(gettext_lazy("Files for teachers")),
                [href for href in unshown if href in self.contents.hidden_files],
                True,
            ),
        )
        if not unshown:
            return
        module = self._add_module(self._words(gettext_lazy("Files")), hidden=not groups[0][1])
        for title, names, hides in groups:
            if names:
                lesson = self._add_lesson(module, self._words(title), [], hides=hides)
                lesson.body = stream_of([self.contents.file_block(href) for href in names])
                lesson.minutes = 5
                self.parts.fill(lesson)

    def _describe_the_rest(self) -> None:
        """Add a line to the report for every resource and file that no item has reported."""
        spoken = {name for r in self.package.resources.values() for name in (r.href, *r.files)}
        for resource in self.package.resources.values():
            if resource.id in self.described:
                continue
            name = resource.href or resource.id
            if resource.href in self.stored.files or self.stored.pictures.get(resource.href):
                hides = resource.href in self.contents.hidden_files
                note = self.report.draft if hides else self.report.taken
                note(name, _("file that the package hides from students") if hides else _("file"))
            elif resource.href in self.pages:
                self.report.taken(name, _("page"))
            elif resource.is_file and resource.href.lower().endswith(PICTURES):
                if resource.href not in self.stored.pictures:
                    self.report.leave_out(name, _("picture that no page shows"))
            elif not any(line.what == name for line in self.report.lines):
                kind = self._kind(resource)
                missing = resource.href not in self.package.names
                self.report.leave_out(name, _("file that is not in the package") if missing and not kind else kind)
        for name in sorted(self.package.names - spoken - {"imsmanifest.xml"}):
            self.report.leave_out(name, _("file that the manifest does not name"))

    def _finish(self) -> None:
        # before publishing: from here on an interrupted import is finished, not undone, as people may read it already
        self.parts.mark_complete(self.hidden)
        finish_import(self.parts.course_import, self._check_in)
        self.report.course = CoursePage.objects.get(pk=self.course.pk)


def free_slug_among(taken: set[str], title: str) -> str:
    """A slug of the title that is not among those taken."""
    # 200 of 255 characters leave room for the number; a title of signs only gives an empty slug
    base = slugify(title, allow_unicode=True)[:200] or "page"
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)


__all__ = ["ImportReport", "PackageError", "import_cartridge"]

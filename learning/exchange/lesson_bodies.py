"""Bodies of imported lessons: blocks made from the pages of a package."""

import re
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from learning.courses.models import LessonPage
from learning.exchange.package_files import PICTURES, PackageFiles
from learning.exchange.packages.encodings import decoded
from learning.exchange.packages.html_blocks import BlockMaker, PageTooSlowError
from learning.exchange.raw_blocks import RawBlock
from learning.exchange.report import ImportReport
from learning.exchange.tree import PAGE_MAX, CoursePackage, PackageError


class LessonBodies:
    """Makes the blocks of lessons, with links to the lessons, pictures and files that the package became."""

    def __init__(
        self,
        package: CoursePackage,
        report: ImportReport,
        stored: PackageFiles,
        pages: dict[str, LessonPage],
        hidden: set[int],
    ) -> None:
        """`pages` are lessons by the entry of the package, `hidden` the keys of pages that stay drafts.

        Both grow while the import runs; a page that cannot be read becomes a hidden one.
        """
        self.package, self.report, self.stored = package, report, stored
        self.pages, self.hidden = pages, hidden
        self.hidden_files = {r.href for r in package.resources.values() if r.hidden and not r.is_page}
        self.shown_files: set[str] = set()  # entries that some lesson shows

    def blocks_of(self, href: str, lesson: LessonPage) -> list[RawBlock]:
        name = Path(href).name
        maker = BlockMaker(
            find_picture=lambda source: self._picture(self.package.find(source, href), lesson),
            find_link=lambda target: self._link(target, href, lesson),
            find_file=lambda source: self._player(self.package.find(source, href), lesson),
        )
        try:
            text, guessed = decoded(self.package.read(href, PAGE_MAX))
            blocks = maker.make(text)
        # one bad page does not stop the package: its lesson stays an empty draft, and the report says why
        except (PageTooSlowError, PackageError, RecursionError) as error:
            self.report.leave_out(name, str(error) or _("page that takes too long to read"))
            self.hidden.add(lesson.pk)
            return []
        if guessed:
            self.report.taken(
                name, _("page whose encoding is not declared, read as %(encoding)s") % {"encoding": guessed}
            )
        for lost in maker.lost:
            self.report.leave_out(lost[:120], _("link or picture in %(page)s") % {"page": name})
        return blocks

    def _link(self, target: str, base: str, lesson: LessonPage) -> dict[str, str] | None:
        name = self.package.find(target, base)
        # a file of the outline has a lesson, too; a link to it means the file
        if name in self.pages and name not in self.stored.files:
            return {"linktype": "page", "id": str(self.pages[name].pk)}
        if name in self.stored.files and self._may_show(name, lesson):
            self.shown_files.add(name)
            return {"linktype": "document", "id": str(self.stored.files[name].pk)}
        # no other scheme: `javascript:` would run in the reader's browser (promise 17);
        # `$` is a token of the package that could not be resolved
        return {"href": target} if re.match(r"(https?://|mailto:)", target) and "$" not in target else None

    def _may_show(self, name: str, lesson: LessonPage) -> bool:
        """Return whether the lesson may show the file: a hidden file on a published page would be open to students."""
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

    def file_block(self, href: str) -> RawBlock:
        file = self.stored.files[href]
        return {"type": "file", "value": {"file": file.pk, "title": file.title[:160]}}

    def picture_block(self, href: str) -> RawBlock:
        picture = self.stored.pictures[href]
        assert picture is not None  # noqa: S101  (asked before)
        return {"type": "image", "value": {"image": picture.pk, "alt": "", "caption": picture.title, "wide": False}}


def stream_of(blocks: list[RawBlock]) -> Any:
    """Return raw blocks as the value of a lesson's body."""
    return LessonPage._meta.get_field("body").stream_block.to_python(blocks)  # type: ignore[union-attr]


def text_block(html: str) -> RawBlock:
    return {"type": "text", "value": html}

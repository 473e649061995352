"""The pictures and files of a package, stored in the collection of its course."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError
from wagtail.models import Collection

from learning.accounts.models import User
from learning.exchange.report import ImportReport
from learning.exchange.stored_parts import StoredParts
from learning.exchange.tree import CoursePackage, PackageError, Resource
from learning.library.models import Picture, StoredFile

# no SVG: it can hold scripts, which would run in the reader's browser (promise 17)
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")


class PackageFiles:
    """The stored pictures and files of a package, by the name of their entry; each in a transaction of its own."""

    def __init__(
        self,
        package: CoursePackage,
        report: ImportReport,
        collection: Collection,
        owner: User | None,
        parts: StoredParts,
    ) -> None:
        self.package = package
        self.report = report
        self.collection = collection
        self.owner = owner
        self.parts = parts
        self.pictures: dict[str, Picture | None] = {}  # None: cannot be stored
        self.files: dict[str, StoredFile] = {}

    def store_files(self, after_each: Callable[[], None]) -> set[str]:
        """Store all files but pictures, which wait until a page shows them.

        Returns the ids of the resources that were refused; the report says why.
        """
        refused = set()
        for resource in self.package.resources.values():
            is_there = resource.is_file and resource.href in self.package.names
            if is_there and not resource.href.lower().endswith(PICTURES) and resource.href not in self.files:
                if not self._store_file(resource):
                    refused.add(resource.id)
                after_each()
        return refused

    def picture(self, href: str) -> Picture | None:
        """The stored picture of this entry, stored now if it is asked for the first time."""
        if href not in self.pictures:
            # None is kept, too: a bad picture on many pages is tried and reported once
            self.pictures[href] = self._store_picture(href) if href in self.package.names else None
        return self.pictures[href]

    def _store_picture(self, href: str) -> Picture | None:
        try:
            picture = self.parts.store(Picture, href, lambda: self._new_picture(href), Picture.save)
        except PackageError as error:
            self.report.leave_out(href, str(error))
            return None
        # Pillow has no common class for broken files: for a PNG it raises even SyntaxError
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            self.report.leave_out(href, _("picture that cannot be read"))
            return None
        self.report.pictures += 1
        return picture

    def _new_picture(self, href: str) -> Picture:
        data = self.package.read(href, settings.WAGTAILIMAGES_MAX_UPLOAD_SIZE)
        with Image.open(BytesIO(data)) as picture:
            # Pillow has read only the header so far: a small file that unpacks to gigabytes costs nothing (promise 18)
            if picture.width * picture.height > settings.WAGTAILIMAGES_MAX_IMAGE_PIXELS:
                raise PackageError(_("This picture has too many pixels."))
            picture.verify()
        row = Picture(title=Path(href).stem[:255], collection=self.collection, uploaded_by_user=self.owner)
        row.file = ContentFile(data, name=Path(href).name)
        return row

    def _store_file(self, resource: Resource) -> bool:
        """Store a file; return whether it was accepted."""
        href = resource.href
        try:
            file = self.parts.store(StoredFile, href, lambda: self._new_file(resource), StoredFile.save)
        except (PackageError, ValidationError) as error:
            messages = error.messages if isinstance(error, ValidationError) else [str(error)]
            self.report.leave_out(href, " ".join(messages))
            return False
        self.files[href] = file
        self.report.files += 1
        return True

    def _new_file(self, resource: Resource) -> StoredFile:
        href = resource.href
        name = self.package.file_names.get(resource.id) or Path(href).name
        row = StoredFile(title=Path(name).stem[:255], collection=self.collection, uploaded_by_user=self.owner)
        row.file = ContentFile(self.package.read(href), name=Path(href).name)
        row.file_size = row.file.size
        # the rules of uploads: kind by content, size, and what an archive unpacks to (promise 18)
        row.clean()
        return row

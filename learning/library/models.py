"""Stored pictures and files. Only `views.py` serves them, after it has asked for access (promise 2)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage, AbstractRendition, Image, SourceImageIOError
from wagtail.models import Collection
from wagtail.search import index

from learning.library.kinds import Kind, check_upload, extension_of, kind_of, media_type_of, plays_in_browsers

RENDITIONS = "renditions"


def generated_name(folder: str, filename: str) -> str:
    """Return a random name that keeps only the extension of the original name (promise 21)."""
    extension = extension_of(filename)
    # the uploader types the extension: only letters and digits, so that it cannot lead to another folder
    suffix = f".{extension}" if extension.isascii() and extension.isalnum() and len(extension) <= 8 else ""
    return f"{folder}/{uuid.uuid4().hex}{suffix}"


def stored_file_path(instance: "StoredFile", filename: str) -> str:
    return generated_name("files", filename)


class Picture(AbstractImage):
    admin_form_fields = Image.admin_form_fields
    # the chooser filters by tag, which Wagtail's own list of fields does not provide for
    search_fields = [*AbstractImage.search_fields, index.RelatedFields("tags", [index.FilterField("name")])]

    class Meta(AbstractImage.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def get_upload_to(self, filename: str) -> str:
        return generated_name("pictures", filename)

    @contextmanager
    def open_file(self) -> Iterator[IO[bytes]]:
        """Open a file for each caller: Wagtail would use the one of this object, and threads share cached pages."""
        stored: Any = self.file
        # an upload that is not saved yet is in memory or in a temporary file, not in the storage
        if not stored._committed:
            with super().open_file() as file:
                yield file
            return
        try:
            file = stored.storage.open(stored.name, "rb")
        except OSError as error:
            raise SourceImageIOError(str(error)) from error
        with file:
            yield file


class Rendition(AbstractRendition):
    image = models.ForeignKey(Picture, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)

    def get_upload_to(self, filename: str) -> str:
        return generated_name(RENDITIONS, filename)

    @property
    def url(self) -> str:
        """The address of the view that asks for access; the storage's own address answers 404 (promise 2).

        It contains the stored name, not the id: Wagtail creates several renditions at once, and then has no ids.
        """
        return reverse("library_rendition", args=(self.image_id, self.file.name.rpartition("/")[2]))


class StoredFile(AbstractDocument):
    file = models.FileField(_("file"), upload_to=stored_file_path, max_length=160)
    original_name = models.CharField(max_length=255, blank=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.DOCUMENT, editable=False)

    admin_form_fields = ("title", "file", "collection", "tags")
    search_fields = [
        *AbstractDocument.search_fields,
        # a search in the choosers of one kind filters by it; Wagtail's search accepts indexed fields only
        index.FilterField("kind"),
        index.RelatedFields("tags", [index.FilterField("name")]),
    ]

    class Meta(AbstractDocument.Meta):
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def clean(self) -> None:
        super().clean()
        upload: Any = self.file
        if upload and not upload._committed:
            self.kind = kind_of(upload.name)
            # before anything of the content is read (promise 18)
            if upload.size > settings.UPLOAD_MAX_BYTES:
                limit = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
                raise ValidationError({"file": _("A file may have at most %(limit)d MB.") % {"limit": limit}})
            try:
                check_upload(upload.file, upload.name)
            except ValidationError as error:
                raise ValidationError({"file": error}) from error

    def save(self, *args: Any, **kwargs: Any) -> None:
        upload: Any = self.file
        if upload and not upload._committed:
            # the end is kept, with the extension; PostgreSQL refuses a value that is longer than the column
            self.original_name = upload.name.rpartition("/")[2][-255:]
            # again, because code can save a file without clean()
            self.kind = kind_of(upload.name)
        super().save(*args, **kwargs)

    @property
    def filename(self) -> str:
        """The name that people see; the stored one is generated."""
        return self.original_name or super().filename

    @property
    def plays_in_browsers(self) -> bool:
        return plays_in_browsers(str(self.file.name))

    @property
    def content_type(self) -> str:
        return media_type_of(str(self.file.name))


class CourseCollection(models.Model):
    """The collection that holds a course's own pictures and files, so that its teachers see these and no others."""

    course_id = models.PositiveIntegerField(unique=True)
    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="course_collection")


class SharedFileQuerySet(models.QuerySet["SharedFile"]):
    def of(self, file: "Picture | StoredFile") -> "SharedFileQuerySet":
        return self.filter(picture=file) if isinstance(file, Picture) else self.filter(file=file)


class SharedFile(models.Model):
    """A file in another course's collection that a course shows on purpose.

    Written when someone who may use the file saves it into a page of the course, or copies the course.
    """

    course_id = models.PositiveIntegerField()
    picture = models.ForeignKey(Picture, null=True, on_delete=models.CASCADE, related_name="+")
    file = models.ForeignKey(StoredFile, null=True, on_delete=models.CASCADE, related_name="+")

    # it is a permission and not a use: Wagtail would count it as one more place that shows the file
    wagtail_reference_index_ignore = True
    objects = SharedFileQuerySet.as_manager()

    class Meta:
        constraints = [
            # NULLs are distinct in both databases, so rows about files do not collide here
            models.UniqueConstraint(fields=["course_id", "picture"], name="library_picture_shared_once"),
            models.UniqueConstraint(fields=["course_id", "file"], name="library_file_shared_once"),
        ]

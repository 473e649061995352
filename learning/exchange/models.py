"""Imports of people (a file, what its columns mean, what became of every row) and of courses."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.enrollment.models import course_pointer


def import_path(run: "ImportRun", filename: str) -> str:
    """Generate the stored name; nothing of the uploaded name is kept."""
    return f"imports/{uuid.uuid4().hex}.{filename.rpartition('.')[2].lower()}"


class ImportRun(models.Model):
    """The import of one table. `position` is the number of rows that the present step has done."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("Waits for its columns")
        CHECKING = "checking", _("Is being checked")
        CHECKED = "checked", _("Checked, nothing changed yet")
        APPLYING = "applying", _("Is being carried out")
        DONE = "done", pgettext_lazy("job", "Done")
        FAILED = "failed", _("Could not be read")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), on_delete=models.CASCADE, related_name="+"
    )
    course = course_pointer(null=True, blank=True)  # for rows that name none
    filename = models.CharField(_("file"), max_length=200)
    file = models.FileField(upload_to=import_path)
    columns = models.JSONField(default=dict)  # what → number of the column
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.UPLOADED)
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    RUNNING: ClassVar = {State.CHECKING, State.APPLYING}

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING

    @property
    def percent(self) -> int:
        return round(100 * self.position / self.total) if self.total else 0


class ImportRow(models.Model):
    """The planned result of one row of the file, or after the import the real one."""

    class Outcome(models.TextChoices):
        CREATE = "create", _("New")
        CHANGE = "change", _("Changed")
        SKIP = "skip", _("Nothing to do")
        WRONG = "wrong", _("Wrong")

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()  # as a spreadsheet counts: the headings are row 1
    email = models.CharField(max_length=254)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    said = models.CharField(max_length=300)

    class Meta:
        ordering = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "number"], name="exchange_row_once")]
        indexes: ClassVar = [models.Index(fields=["run", "outcome", "number"], name="exchange_row_outcome")]


class CourseImport(models.Model):
    """The import of one course from a package.

    The row is deleted when the import is done, or with all that belongs to it. When the process dies, the same import
    started again goes on from here.
    """

    # no foreign key: an undoing deletes the course first and this row last, and an editor may delete the course
    course_id = models.PositiveIntegerField()
    collection = models.ForeignKey("wagtailcore.Collection", null=True, on_delete=models.SET_NULL, related_name="+")
    filename = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)  # of the package and the options
    publish = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    is_whole = models.BooleanField(default=False)  # every page is stored; only revisions and publishing remain
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    wagtail_reference_index_ignore = True


class ImportedPart(models.Model):
    """A page, picture or file that an unfinished import has stored."""

    course_import = models.ForeignKey(CourseImport, on_delete=models.CASCADE, related_name="parts")
    key = models.CharField(max_length=64)  # the digest of its kind, place and name in the package
    object_id = models.PositiveIntegerField()
    is_filled = models.BooleanField(default=False)  # of a lesson: its body is stored
    is_hidden = models.BooleanField(default=False)  # of a page: it stays a draft

    wagtail_reference_index_ignore = True

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["course_import", "key"], name="exchange_part_once")]

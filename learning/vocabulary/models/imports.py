"""Imports of dictionaries: how far each is, and what it has made."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.vocabulary.models.entries import Lexeme, Source
from learning.vocabulary.models.languages import Language


def import_path(run: models.Model, filename: str) -> str:
    """Generate the stored name; nothing of the uploaded name is kept."""
    return f"dictionaries/{uuid.uuid4().hex}"


class DictionaryImport(models.Model):
    """The import of one dictionary. `position` is the number of its entries that are checked, or stored.

    It names its files by their digest: who goes on with it must bring the same ones. An import of the command line
    has no files of its own.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", pgettext_lazy("import", "Waits to be checked")
        CHECKING = "checking", pgettext_lazy("import", "Is being checked")
        CHECKED = "checked", pgettext_lazy("import", "Checked, nothing changed yet")
        RUNNING = "running", pgettext_lazy("import", "Is being carried out")
        DONE = "done", pgettext_lazy("import", "Done")
        UNDOING = "undoing", pgettext_lazy("import", "Is being undone")
        UNDONE = "undone", pgettext_lazy("import", "Undone")
        FAILED = "failed", pgettext_lazy("import", "Could not be read")

    class Format(models.TextChoices):
        FREEDICT = "freedict", _("FreeDict (two files of dictd)")
        KAIKKI = "kaikki", _("Wiktionary (JSON lines of kaikki.org)")
        TABLE = "table", _("Table (CSV, XLSX)")
        ANKI = "anki", _("Anki package (.apkg)")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    language = models.ForeignKey(Language, on_delete=models.PROTECT, related_name="+")
    into = models.ForeignKey(Language, on_delete=models.PROTECT, related_name="+")  # of the translations
    format = models.CharField(_("format"), max_length=8, choices=Format.choices, default=Format.FREEDICT)
    filename = models.CharField(_("file"), max_length=200, blank=True)
    file = models.FileField(upload_to=import_path, blank=True)
    index = models.FileField(upload_to=import_path, blank=True)  # of FreeDict
    columns = models.JSONField(default=dict, blank=True)  # what → number of the column or field
    approves = models.BooleanField(_("show the words at once"), default=False)
    digest = models.CharField(max_length=64, blank=True)  # SHA-256 of what was read
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    position = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)  # sounds and pictures that were stored
    reasons = models.JSONField(default=list, blank=True)  # the first entries that were skipped, each with why
    problem = models.CharField(max_length=500, blank=True)  # why the whole file cannot be read
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "import")
        verbose_name_plural = pgettext_lazy("dictionary", "imports")
        ordering: ClassVar = ["-pk"]
        default_permissions = ("view",)

    RUNNING: ClassVar = {State.CHECKING, State.RUNNING, State.UNDOING}

    def __str__(self) -> str:
        return f"{self.source} ({self.position} / {self.total})"

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING

    @property
    def percent(self) -> int:
        return round(100 * self.position / self.total) if self.total else 0


class ImportedLexeme(models.Model):
    """A lexeme that an import has made, and when it was stored: undoing keeps what was changed since."""

    dictionary_import = models.ForeignKey(DictionaryImport, on_delete=models.CASCADE, related_name="lexemes")
    lexeme = models.OneToOneField(Lexeme, on_delete=models.CASCADE, related_name="imported")
    stored_at = models.DateTimeField()

    class Meta:
        default_permissions = ()


class AnkiHistory(models.Model):
    """A package of Anki that a learner brings along, for what they have learned there, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("import", "Is being read")
        DONE = "done", pgettext_lazy("import", "Done")
        FAILED = "failed", pgettext_lazy("import", "Could not be read")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    language = models.ForeignKey(Language, on_delete=models.PROTECT, related_name="+")
    filename = models.CharField(max_length=200, blank=True)
    file = models.FileField(upload_to=import_path, blank=True)  # deleted when it was read
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    report = models.JSONField(default=dict, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.filename

"""Imports of dictionaries: how far each is, and what it has made."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.vocabulary.models.entries import Lexeme, Source
from learning.vocabulary.models.languages import Language


class DictionaryImport(models.Model):
    """The import of one dictionary. `position` is the number of its entries that are stored.

    It names its files by their digest: who goes on with it must bring the same ones.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("import", "Running")
        DONE = "done", pgettext_lazy("import", "Done")
        UNDONE = "undone", pgettext_lazy("import", "Undone")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    language = models.ForeignKey(Language, on_delete=models.PROTECT, related_name="+")
    into = models.ForeignKey(Language, on_delete=models.PROTECT, related_name="+")  # of the translations
    digest = models.CharField(max_length=64)  # SHA-256 of what was read
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    position = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "import")
        verbose_name_plural = pgettext_lazy("dictionary", "imports")
        ordering: ClassVar = ["-pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.source} ({self.position} / {self.total})"


class ImportedLexeme(models.Model):
    """A lexeme that an import has made, and when it was stored: undoing keeps what was changed since."""

    dictionary_import = models.ForeignKey(DictionaryImport, on_delete=models.CASCADE, related_name="lexemes")
    lexeme = models.OneToOneField(Lexeme, on_delete=models.CASCADE, related_name="imported")
    stored_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

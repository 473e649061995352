"""Files of the dictionary, and speech that a program has made."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.models import Collection

from learning.library.models import StoredFile
from learning.vocabulary.models.languages import Language


class DictionaryFiles(models.Model):
    """The collection that holds recordings and pictures of the dictionary; one row."""

    collection = models.OneToOneField(Collection, on_delete=models.CASCADE, related_name="dictionary_files")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.collection)


class Speech(models.Model):
    """A word as a program has spoken it, so that it is spoken once."""

    language = models.ForeignKey(Language, on_delete=models.CASCADE, related_name="+")
    text = models.CharField(_("text"), max_length=200)
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["language", "text"], name="vocabulary_speech_once")]

    def __str__(self) -> str:
        return self.text

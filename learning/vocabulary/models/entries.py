"""Entries of the dictionary: a lexeme with forms, senses, translations, examples and pronunciations."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel

from learning.library.kinds import Kind
from learning.library.models import Picture, StoredFile
from learning.vocabulary.folding import LONGEST, fold
from learning.vocabulary.grammar import FormKind, Gender, PartOfSpeech
from learning.vocabulary.models.languages import Language

# only files of the dictionary's own collection: whoever reads the dictionary may read them
IN_DICTIONARY = {"collection__dictionary_files__isnull": False}


def check_lemma(text: str) -> None:
    """A word stands in the address of its page: a line break or “..” has none."""
    if not text.isprintable() or text.strip(". /") == "":
        raise ValidationError(_("This is no word."))


class Source(models.Model):
    """Where entries come from, and under which licence: both are shown with each entry."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    licence = models.CharField(_("licence"), max_length=200, blank=True)
    address = models.CharField(
        _("address"), max_length=300, blank=True, validators=[URLValidator(schemes=["http", "https"])]
    )

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "source")
        verbose_name_plural = pgettext_lazy("dictionary", "sources")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("entry", "Draft")
    APPROVED = "approved", pgettext_lazy("entry", "Approved")


class Lexeme(ClusterableModel):
    """A word of a language: its gender belongs to it and not to the spelling (le livre, la livre)."""

    language = models.ForeignKey(Language, verbose_name=_("language"), on_delete=models.PROTECT, related_name="lexemes")
    lemma = models.CharField(pgettext_lazy("dictionary", "word"), max_length=200, validators=[check_lemma])
    folded = models.CharField(max_length=LONGEST, editable=False)
    part_of_speech = models.CharField(_("part of speech"), max_length=12, choices=PartOfSpeech.choices, blank=True)
    gender = models.CharField(_("gender"), max_length=2, choices=Gender.choices, blank=True)
    # of words that are the same in everything above
    homograph = models.PositiveSmallIntegerField(_("number of the homograph"), default=1)
    auxiliary = models.CharField(
        _("auxiliary verb"), max_length=40, blank=True, help_text=_("Of compound tenses: “être”, “avoir, être”.")
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    source = models.ForeignKey(
        Source, verbose_name=pgettext_lazy("dictionary", "source"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="lexemes",
    )  # fmt: skip
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "word")
        verbose_name_plural = pgettext_lazy("dictionary", "words")
        ordering: ClassVar = ["folded", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["language", "lemma", "part_of_speech", "gender", "homograph"], name="vocabulary_lexeme_once"
            ),
            models.CheckConstraint(condition=~Q(lemma=""), name="vocabulary_lexeme_has_a_lemma"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["language", "lemma"], name="vocabulary_lexeme_lemma"),
            models.Index(fields=["folded", "id"], name="vocabulary_lexeme_order"),
            # with patterns, so that PostgreSQL finds words by their beginning
            models.Index(fields=["folded"], name="vocabulary_lexeme_folded", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return self.lemma

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = fold(self.lemma)
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("dictionary_entry", args=(self.language.code, self.lemma))

    @property
    def is_approved(self) -> bool:
        return self.state == State.APPROVED

    @property
    def with_article(self) -> str:
        return self.language.with_article(self.lemma, self.gender)

    @property
    def grammar(self) -> str:
        """“noun, feminine”."""
        # not `get_…_display`, which makes a dictionary of all choices for each word of a list
        labels = (_PARTS.get(self.part_of_speech, self.part_of_speech), _GENDERS.get(self.gender, self.gender))
        return ", ".join(str(label) for label in labels if label)


_PARTS, _GENDERS = dict(PartOfSpeech.choices), dict(Gender.choices)


class Form(models.Model):
    """A spelling of a lexeme: “went” of “go”."""

    lexeme = ParentalKey(Lexeme, on_delete=models.CASCADE, related_name="forms")
    kind = models.CharField(_("kind"), max_length=20, choices=FormKind.choices)
    spelling = models.CharField(_("spelling"), max_length=200)
    folded = models.CharField(max_length=LONGEST, editable=False, db_index=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "form")
        verbose_name_plural = pgettext_lazy("dictionary", "forms")
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["lexeme", "kind", "spelling"], name="vocabulary_form_once")
        ]

    def __str__(self) -> str:
        return self.spelling

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = fold(self.spelling)
        super().save(*args, **kwargs)


class Sense(ClusterableModel):
    """One of the meanings of a lexeme."""

    lexeme = ParentalKey(Lexeme, on_delete=models.CASCADE, related_name="senses")
    position = models.PositiveSmallIntegerField(_("number"), default=1)
    definition = models.TextField(_("definition"), blank=True, max_length=2000)
    register = models.CharField(_("register"), max_length=60, blank=True)
    subject = models.CharField(_("subject"), max_length=60, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "meaning")
        verbose_name_plural = pgettext_lazy("dictionary", "meanings")
        ordering: ClassVar = ["position", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.definition or str(self.position)


class Translation(models.Model):
    """A sense in another language. It is found from both sides: by the sense, and by its folded text."""

    sense = ParentalKey(Sense, on_delete=models.CASCADE, related_name="translations")
    language = models.ForeignKey(Language, verbose_name=_("language"), on_delete=models.PROTECT, related_name="+")
    text = models.CharField(_("translation"), max_length=300)
    folded = models.CharField(max_length=LONGEST, editable=False)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "translation")
        verbose_name_plural = pgettext_lazy("dictionary", "translations")
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sense", "language", "text"], name="vocabulary_translation_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["folded"], name="vocabulary_translation_folded", opclasses=["varchar_pattern_ops"])
        ]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = fold(self.text)
        super().save(*args, **kwargs)


class Example(models.Model):
    """A sentence with the lexeme."""

    lexeme = ParentalKey(Lexeme, on_delete=models.CASCADE, related_name="examples")
    text = models.CharField(_("sentence"), max_length=500)
    translation = models.CharField(_("translation"), max_length=500, blank=True)
    credit = models.CharField(pgettext_lazy("dictionary", "source"), max_length=200, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "example")
        verbose_name_plural = pgettext_lazy("dictionary", "examples")
        ordering: ClassVar = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class Pronunciation(models.Model):
    """How a lexeme sounds: in the letters of the International Phonetic Alphabet, recorded, or both."""

    lexeme = ParentalKey(Lexeme, on_delete=models.CASCADE, related_name="pronunciations")
    ipa = models.CharField(_("transcription (IPA)"), max_length=200, blank=True)
    recording = models.ForeignKey(
        StoredFile, verbose_name=_("recording"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        limit_choices_to={**IN_DICTIONARY, "kind": Kind.AUDIO},
    )  # fmt: skip
    region = models.CharField(_("region"), max_length=60, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "pronunciation")
        verbose_name_plural = pgettext_lazy("dictionary", "pronunciations")
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lexeme", "ipa", "region", "recording"], name="vocabulary_pronunciation_once"
            ),
            # NULLs are distinct in both databases
            models.UniqueConstraint(
                fields=["lexeme", "ipa", "region"], condition=Q(recording=None), name="vocabulary_transcription_once"
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.ipa}/" if self.ipa else self.region

    def clean(self) -> None:
        super().clean()
        if not self.ipa and self.recording_id is None:
            raise ValidationError(_("Give a transcription, a recording, or both."))


class EntryPicture(models.Model):
    """A picture of what a lexeme means."""

    lexeme = ParentalKey(Lexeme, on_delete=models.CASCADE, related_name="pictures")
    picture = models.ForeignKey(
        Picture, verbose_name=_("picture"), on_delete=models.CASCADE, related_name="+", limit_choices_to=IN_DICTIONARY
    )
    alt = models.CharField(
        _("description"), max_length=300, help_text=_("What the picture tells, for those who do not see it.")
    )

    class Meta:
        verbose_name = pgettext_lazy("dictionary", "picture")
        verbose_name_plural = pgettext_lazy("dictionary", "pictures")
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["lexeme", "picture"], name="vocabulary_picture_once")]

    def __str__(self) -> str:
        return self.alt

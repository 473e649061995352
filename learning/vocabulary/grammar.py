"""Terms of grammar that entries are described by."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PartOfSpeech(models.TextChoices):
    NOUN = "noun", pgettext_lazy("part of speech", "noun")
    VERB = "verb", pgettext_lazy("part of speech", "verb")
    ADJECTIVE = "adjective", pgettext_lazy("part of speech", "adjective")
    ADVERB = "adverb", pgettext_lazy("part of speech", "adverb")
    PRONOUN = "pronoun", pgettext_lazy("part of speech", "pronoun")
    PREPOSITION = "preposition", pgettext_lazy("part of speech", "preposition")
    CONJUNCTION = "conjunction", pgettext_lazy("part of speech", "conjunction")
    INTERJECTION = "interjection", pgettext_lazy("part of speech", "interjection")
    NUMERAL = "numeral", pgettext_lazy("part of speech", "numeral")
    ARTICLE = "article", pgettext_lazy("part of speech", "article")
    PHRASE = "phrase", pgettext_lazy("part of speech", "phrase")


class Gender(models.TextChoices):
    """Of a noun. A word whose gender changes its meaning has two entries; `MF` is one word with both."""

    MASCULINE = "m", pgettext_lazy("gender", "masculine")
    FEMININE = "f", pgettext_lazy("gender", "feminine")
    NEUTER = "n", pgettext_lazy("gender", "neuter")
    MF = "mf", pgettext_lazy("gender", "masculine or feminine")
    MN = "mn", pgettext_lazy("gender", "masculine or neuter")


class FormKind(models.TextChoices):
    PLURAL = "plural", pgettext_lazy("form", "plural")
    FEMININE = "feminine", pgettext_lazy("form", "feminine")
    FEMININE_PLURAL = "feminine_plural", pgettext_lazy("form", "feminine plural")
    THIRD_PERSON = "third_person", pgettext_lazy("form", "third person")
    PAST = "past", pgettext_lazy("form", "past simple")
    PAST_PARTICIPLE = "past_participle", pgettext_lazy("form", "past participle")
    PRESENT_PARTICIPLE = "present_participle", pgettext_lazy("form", "present participle")
    COMPARATIVE = "comparative", pgettext_lazy("form", "comparative")
    SUPERLATIVE = "superlative", pgettext_lazy("form", "superlative")
    VARIANT = "variant", pgettext_lazy("form", "variant")
    OTHER = "other", _("other form")

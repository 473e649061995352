"""Languages of the dictionary, each with its own rules."""

from typing import ClassVar

from django.db import models
from django.utils.translation import get_language_info
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from learning.vocabulary.folding import fold

VOWELS = frozenset("aeiouy")
GENDERED = frozenset({"ru"})  # genders, but no articles


class Language(models.Model):
    """A language whose words the dictionary has."""

    code = models.CharField(_("code"), max_length=8, unique=True)  # ISO 639-1, as `fr`
    is_rtl = models.BooleanField(_("written from right to left"), default=False)
    articles = models.JSONField(default=dict, blank=True)  # gender → definite article; `elided` before a vowel
    forms = models.JSONField(default=dict, blank=True)  # part of speech → the kinds of forms that an entry should have

    class Meta:
        verbose_name = _("language")
        verbose_name_plural = _("languages")
        ordering: ClassVar = ["code"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the language of the reader."""
        try:
            return now(get_language_info(self.code)["name"])
        except KeyError:
            return self.code

    @property
    def direction(self) -> str:
        return "rtl" if self.is_rtl else "ltr"

    @property
    def has_genders(self) -> bool:
        """Whether its nouns have genders: all but English of those to begin with."""
        return bool(self.articles) or self.code in GENDERED

    def with_article(self, lemma: str, gender: str) -> str:
        """The lemma with its definite article: “le livre”, “l’œil”. Without one where the rules do not say it."""
        found = self.articles_of(lemma, gender)
        if not found:
            return lemma
        return f"{found[0]}{lemma}" if found[0] == self.articles.get("elided") else f"{found[0]} {lemma}"

    def articles_of(self, lemma: str, gender: str) -> tuple[str, ...]:
        """The definite articles of a noun: two where it has both genders, none where the rules do not say it."""
        first = fold(lemma)[:1]
        elided = self.articles.get("elided", "")
        genders = [gender, *gender] if len(gender) > 1 else [gender]
        articles = tuple(dict.fromkeys(self.articles[one] for one in genders if self.articles.get(one)))
        if not articles or not first:
            return ()
        if elided:
            # an h is silent or not: the spelling does not tell
            if first == "h":
                return ()
            if first in VOWELS:
                return (elided,)
        return articles

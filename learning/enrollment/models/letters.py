"""Letters of staff to a set of students."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.enrollment.models.pointers import course_pointer


class Letter(models.Model):
    """One letter to many students, with its text in one or more languages of the interface."""

    course = course_pointer()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # {"en": {"subject": …, "body": …}, …}: each student gets their own language, or else `language`
    words = models.JSONField(_("words"))
    language = models.CharField(max_length=8)
    essential = models.BooleanField(_("essential"), default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return str(self.words.get(self.language, {}).get("subject", ""))

    @property
    def versions(self) -> list[dict[str, str]]:
        """Its subject and body in each language, its main language first."""
        ordered = sorted(self.words, key=lambda language: language != self.language)
        return [{"language": language, **self.words[language]} for language in ordered]


class LetterCopy(models.Model):
    """One reader's copy of a letter; `sent_at` is set in the transaction that puts it in the queue."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="copies")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["letter", "user"], name="enrollment_one_copy")]

"""Word sets: words chosen together, and those to whom a set is given."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from learning.enrollment.models import StudyGroup
from learning.enrollment.models.pointers import course_pointer
from learning.vocabulary.models.entries import Lexeme


class WordSet(models.Model):
    """Words chosen together under a name. Its owner changes it; those to whom it is given learn it."""

    name = models.CharField(_("name"), max_length=120)
    about = models.CharField(_("description"), max_length=500, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="word_sets")
    words: "models.ManyToManyField[Lexeme, SetWord]" = models.ManyToManyField(Lexeme, through="SetWord")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("word set")
        verbose_name_plural = _("word sets")
        ordering: ClassVar = ["name", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("word_set", args=(self.pk,))


class SetWord(models.Model):
    """A word of a set, at its place."""

    word_set = models.ForeignKey(WordSet, on_delete=models.CASCADE, related_name="rows")
    lexeme = models.ForeignKey(Lexeme, on_delete=models.PROTECT, related_name="in_sets")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["word_set", "lexeme"], name="vocabulary_word_once_in_a_set")
        ]

    def __str__(self) -> str:
        return str(self.lexeme_id)


class SetGiven(models.Model):
    """A set that was given to one student, to a study group, or to everyone in a course; perhaps until a day."""

    word_set = models.ForeignKey(WordSet, on_delete=models.CASCADE, related_name="given")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(StudyGroup, null=True, on_delete=models.CASCADE, related_name="+")
    course = course_pointer(null=True)
    learn_by = models.DateField(pgettext_lazy("word set", "learn until"), null=True, blank=True)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["learn_by", "pk"]
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(student__isnull=False, group=None, course=None)
                    | Q(student=None, group__isnull=False, course=None)
                    | Q(student=None, group=None, course__isnull=False)
                ),
                name="vocabulary_set_given_to_one",
            ),
            models.UniqueConstraint(fields=["word_set", "student"], name="vocabulary_set_once_to_a_student"),
            models.UniqueConstraint(fields=["word_set", "group"], name="vocabulary_set_once_to_a_group"),
            models.UniqueConstraint(fields=["word_set", "course"], name="vocabulary_set_once_to_a_course"),
        ]

    def __str__(self) -> str:
        return f"{self.word_set_id}"

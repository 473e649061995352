"""Choices of the fields of courses."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    BEGINNER = "beginner", _("Beginner")
    INTERMEDIATE = "intermediate", _("Intermediate")
    ADVANCED = "advanced", _("Advanced")


class CourseLanguage(TextChoices):
    """Languages that courses are given in, each by its own name."""

    ENGLISH = "en", "English"
    RUSSIAN = "ru", "Русский"
    FRENCH = "fr", "Français"
    GERMAN = "de", "Deutsch"
    SPANISH = "es", "Español"
    ITALIAN = "it", "Italiano"
    PORTUGUESE = "pt", "Português"
    UKRAINIAN = "uk", "Українська"
    POLISH = "pl", "Polski"
    TURKISH = "tr", "Türkçe"
    CHINESE = "zh", "中文"
    JAPANESE = "ja", "日本語"


class EnrollmentPolicy(TextChoices):
    OPEN = "open", _("Anyone logged in")
    APPROVAL = "approval", _("After approval")
    KEY = "key", _("With a key")
    INVITATION = "invitation", _("By invitation")
    CLOSED = "closed", _("Nobody")


class Completes(TextChoices):
    """What makes a lesson done."""

    BY_STUDENT = "student", _("the student says so")
    BY_BLOCKS = "blocks", _("its videos and recordings are played to 90 %")

"""Tables of courses. Pages are declared in `pages.py` and named here for Django."""

from typing import ClassVar

from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel

from learning.courses.pages import (
    CatalogPage,
    CoursePage,
    CoursePrerequisite,
    CourseTeacher,
    LessonPage,
    ModulePage,
)

__all__ = ["CatalogPage", "CoursePage", "CoursePrerequisite", "CourseTeacher", "LessonPage", "ModulePage", "Subject"]


class Subject(models.Model):
    """Theme of a course. Its name can be given in each language of the interface."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=80, unique=True)
    name_ru = models.CharField(_("name in Russian"), max_length=80, blank=True)
    name_fr = models.CharField(_("name in French"), max_length=80, blank=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True, help_text=_("Stands in the catalogue's address."))

    panels: ClassVar = [FieldPanel("name"), FieldPanel("name_ru"), FieldPanel("name_fr"), FieldPanel("slug")]

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        ordering = ["name"]

    def __str__(self) -> str:
        language = (get_language() or "en")[:2]
        return (self.name_ru if language == "ru" else self.name_fr if language == "fr" else "") or self.name

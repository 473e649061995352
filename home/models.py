"""The home page, and the book-keeping of the demo school."""

from typing import Any, ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page

from home.front import front
from learning.courses.models import CatalogPage
from learning.courses.school_page import SchoolPage


class HomePage(SchoolPage):
    """The first page of the site. Empty fields are shown with Parta's own text, in the reader's language."""

    headline = models.CharField(_("headline"), max_length=120, blank=True)
    introduction = RichTextField(_("introduction"), blank=True, features=["bold", "italic", "link"])

    parent_page_types: ClassVar = ["wagtailcore.Page"]
    subpage_types: ClassVar = ["courses.CatalogPage"]
    max_count = 1
    admin_default_ordering = "ord"
    content_panels: ClassVar = [*Page.content_panels, FieldPanel("headline"), FieldPanel("introduction")]
    template = "home/home.html"

    @property
    def summary_for_sharing(self) -> str:
        return Truncator(strip_tags(self.introduction)).chars(150)

    class Meta:
        verbose_name = _("home page")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        catalog = CatalogPage.objects.live().descendant_of(self).first()
        return {**super().get_context(request, *args, **kwargs), **front(request.user, catalog)}


class DemoRecord(models.Model):
    """An object that `load_demo` created: `remove_demo` deletes these and nothing else."""

    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    thing = GenericForeignKey()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["content_type", "object_id"], name="home_demo_once")]

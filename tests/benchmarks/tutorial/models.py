"""Page types as in Wagtail's tutorial: stock routing, a StreamField rendered at each request."""

from typing import Any

from django.conf import settings
from django.db import models
from wagtail import blocks
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page


class CourseHome(Page):
    pass


class Course(Page):
    pass


class Module(Page):
    pass


class Lesson(Page):
    body = StreamField(
        [
            ("heading", blocks.CharBlock(form_classname="title")),
            ("text", blocks.RichTextBlock()),
            ("image", ImageChooserBlock()),
            ("code", blocks.TextBlock()),
        ]
    )
    minutes = models.IntegerField(default=10)

    def get_context(self, request: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context(request, *args, **kwargs)
        course = self.get_parent().get_parent()
        context["course"] = course
        context["done"] = set(Done.objects.filter(user=request.user).values_list("lesson_id", flat=True))
        return context


class Done(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE)

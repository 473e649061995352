"""Where an upload goes unless someone says otherwise: the collection of the course that is being edited."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail.documents.forms import BaseDocumentForm
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm
from wagtail.models import Page, Revision

from learning.courses.models import CoursePage
from learning.courses.programme import course_paths_above
from learning.library.models import CourseCollection

# Addresses of the page editor: of an existing page, and of a new page below a parent.
_EDITOR = re.compile(r"/cms/pages/(?:(\d{1,18})/edit|add/\w+/\w+/(\d{1,18}))/\Z", re.ASCII)


def _course_above(page_path: str | None) -> int | None:
    if page_path is None:
        return None
    return CoursePage.objects.filter(path__in=course_paths_above(page_path)).values_list("pk", flat=True).first()


def _referring_path(request: HttpRequest) -> str:
    try:
        return urlsplit(request.headers.get("referer", "")).path
    except ValueError:  # not an address (promise 32)
        return ""


def edited_course_id(request: HttpRequest) -> int | None:
    """Return the course of the page editor that sent this request, else of the page that this person saved last.

    Choosers open inside the editor, which the browser names as their referrer.
    """
    # the header can be forged: it only preselects a collection, and the form checks the choice as always
    match = _EDITOR.search(_referring_path(request))
    if match:
        page = Page.objects.filter(pk=int(match[1] or match[2]))
    else:
        last = Revision.page_revisions.filter(user_id=request.user.pk).order_by("-created_at")
        page = Page.objects.filter(pk__in=[int(pk) for pk in last.values_list("object_id", flat=True)[:1]])
    return _course_above(page.values_list("path", flat=True).first())


class EditedCourseMiddleware:
    """Store the id of the edited course on the user of an upload request, where Wagtail's forms can read it."""

    about = ("/cms/images/", "/cms/documents/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(self.about) and request.user.is_authenticated:
            # on the user: Wagtail gives its forms and policies the user, not the request
            person: Any = request.user
            person.edited_course_id = edited_course_id(request)
        return self.get_response(request)


def suggested_collection_id(person: Any) -> int | None:
    """The collection of the course that this person edits in this request; None outside of it."""
    course_id = getattr(person, "edited_course_id", None)
    if course_id is None:
        return None
    return CourseCollection.objects.filter(course_id=course_id).values_list("collection_id", flat=True).first()


class _InCourseCollection:
    """An upload form that preselects the collection of the edited course, if this person may add to it."""

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)  # type: ignore[call-arg]
        field = self.fields.get("collection")  # type: ignore[attr-defined]
        # Wagtail removes the field when there is only one collection to choose; a stored file keeps its own
        if field is None or self.instance.pk:  # type: ignore[attr-defined]
            return
        suggested = suggested_collection_id(user)
        # the queryset has only the collections that this person may add to
        if suggested is not None and field.queryset.filter(pk=suggested).exists():
            self.initial["collection"] = suggested  # type: ignore[attr-defined]


class DocumentForm(_InCourseCollection, BaseDocumentForm):
    pass


class ReadableImageField(WagtailImageField):
    """Report a damaged picture as a form error; Wagtail does not catch some errors of Pillow."""

    def check_image_pixel_size(self, f: Any) -> None:
        try:
            super().check_image_pixel_size(f)
        except (OSError, SyntaxError, ValueError) as error:
            raise ValidationError(_("This picture is damaged."), code="invalid_image") from error


class PictureForm(_InCourseCollection, BaseImageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields.get("file")
        if field is not None:
            self.fields["file"] = ReadableImageField(label=field.label, required=field.required, widget=field.widget)

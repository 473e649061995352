"""Recordings and pictures in the form of an entry: recorded in the browser, or uploaded, on the same screen."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from learning.library.kinds import Kind
from learning.library.models import Picture, StoredFile
from learning.vocabulary.access import WRITE
from learning.vocabulary.media.files import store_picture, store_sound

STORES: dict[str, Any] = {"sound": store_sound, "picture": store_picture}
# for the pages where one records; elsewhere no page may use the microphone
RECORDS = "camera=(), microphone=(self), geolocation=(), browsing-topics=()"


@require_POST
def upload(request: HttpRequest, kind: str) -> JsonResponse:
    """Store a file for an entry; answers with its number, which the form sends when it is saved."""
    if not request.user.has_perm(WRITE):
        raise PermissionDenied
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"error": _("Choose a file.")}, status=422)
    title = " ".join(request.POST.get("title", "").replace("\x00", "").split()) or str(file.name)
    try:
        row = STORES[kind](file=file, title=title, by=request.user)
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse({"id": row.pk, "title": row.title})


class StoredInput(forms.Widget):
    """The number of a stored file, with the file shown, and buttons that replace it."""

    template_name = "vocabulary/cms/stored_input.html"
    kind: str

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        stored = self._stored(value)
        context["widget"] |= {
            "kind": self.kind,
            "stored": stored,
            "upload": reverse(f"dictionary_upload_{self.kind}"),
        }
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        # Django looks for templates of widgets in apps only, unless FORM_RENDERER says otherwise
        return super()._render(template_name, context, TemplatesSetting())  # type: ignore[misc,no-any-return]

    def _stored(self, value: Any) -> Any:
        raise NotImplementedError

    @cached_property
    def media(self) -> forms.Media:
        return forms.Media(js=[static("js/dictionary_form.js")], css={"all": [static("css/dictionary_form.css")]})


class SoundInput(StoredInput):
    kind = "sound"

    def _stored(self, value: Any) -> Any:
        return StoredFile.objects.filter(pk=value, kind=Kind.AUDIO).first() if value else None


class PictureInput(StoredInput):
    kind = "picture"

    def _stored(self, value: Any) -> Any:
        found = Picture.objects.filter(pk=value).first() if value else None
        return found and found.get_rendition("max-165x165")


addresses = [
    path("vocabulary/upload/sound/", upload, {"kind": "sound"}, name="dictionary_upload_sound"),
    path("vocabulary/upload/picture/", upload, {"kind": "picture"}, name="dictionary_upload_picture"),
]

"""Recordings and pictures in the form of an entry: recorded in the browser, or uploaded, on the same screen."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from learning.base.numbers import parse_id
from learning.library.kinds import Kind
from learning.library.models import Picture, StoredFile
from learning.vocabulary.access import WRITE
from learning.vocabulary.media.files import store_picture, store_sound
from learning.vocabulary.media.serving import serve_picture, serve_sound
from learning.vocabulary.models.entries import IN_DICTIONARY

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


@require_safe
def stored(request: HttpRequest, kind: str, pk: int) -> Any:
    """A file of the dictionary, for the form: the library itself shows it only to who may work in its collection."""
    if not request.user.has_perm(WRITE):
        raise PermissionDenied
    if kind == "sound":
        file = get_object_or_404(StoredFile, pk=pk, **IN_DICTIONARY)
        return serve_sound(request, file)
    return serve_picture(request, get_object_or_404(Picture, pk=pk, **IN_DICTIONARY), "max-165x165")


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
        found = StoredFile.objects.filter(pk=parse_id(str(value or "")) or 0, kind=Kind.AUDIO, **IN_DICTIONARY).first()
        return found and {"address": reverse("dictionary_stored_sound", args=(found.pk,))}


class PictureInput(StoredInput):
    kind = "picture"

    def _stored(self, value: Any) -> Any:
        found = Picture.objects.filter(pk=parse_id(str(value or "")) or 0, **IN_DICTIONARY).first()
        return found and {"address": reverse("dictionary_stored_picture", args=(found.pk,)), "title": found.title}


addresses = [
    path("vocabulary/stored/sound/<int:pk>/", stored, {"kind": "sound"}, name="dictionary_stored_sound"),
    path("vocabulary/stored/picture/<int:pk>/", stored, {"kind": "picture"}, name="dictionary_stored_picture"),
    path("vocabulary/upload/sound/", upload, {"kind": "sound"}, name="dictionary_upload_sound"),
    path("vocabulary/upload/picture/", upload, {"kind": "picture"}, name="dictionary_upload_picture"),
]

"""The sound and the picture of a word."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from learning.accounts.requests import PersonRequest
from learning.base.api import Rate
from learning.vocabulary.access import shown_lexemes
from learning.vocabulary.media.serving import serve_picture, serve_sound
from learning.vocabulary.media.speech import speak, speaks, stored_speech
from learning.vocabulary.models import Lexeme
from learning.vocabulary.web.views import readers_only

SIZE = "max-480x480"
NEW_SPEECH = Rate("speech", people=60, visitors=20)  # a minute


@require_safe
@readers_only
def sound(request: PersonRequest, lexeme_id: int) -> Any:
    """A recording of the word; without one, synthetic speech."""
    lexeme = _lexeme(request, lexeme_id)
    recorded = lexeme.pronunciations.exclude(recording=None).order_by("pk").select_related("recording").first()
    file = recorded.recording if recorded else stored_speech(lexeme)
    if file is None and speaks(lexeme.language.code):
        # each new one takes a process and a file
        if not NEW_SPEECH.allow_request(request):
            return HttpResponse(_("Too many requests. Wait a little."), status=429, content_type="text/plain")
        file = speak(lexeme)
    if file is None:
        raise Http404
    return serve_sound(request, file)


@require_safe
@readers_only
def picture(request: PersonRequest, lexeme_id: int) -> Any:
    """The first picture of the word, in the size of a card."""
    lexeme = _lexeme(request, lexeme_id)
    row = lexeme.pictures.order_by("pk").select_related("picture").first()
    if row is None:
        raise Http404
    return serve_picture(request, row.picture, SIZE)


def _lexeme(request: PersonRequest, lexeme_id: int) -> Lexeme:
    return get_object_or_404(shown_lexemes(request.user).select_related("language"), pk=lexeme_id)

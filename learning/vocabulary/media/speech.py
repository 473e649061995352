"""Synthetic speech by `espeak-ng`, where it is installed: each word is spoken once and kept in the library."""

import shutil
import struct
import subprocess
from functools import cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from learning.library.models import StoredFile
from learning.vocabulary.media.files import store_sound
from learning.vocabulary.models import Lexeme, Speech

SECONDS = 5  # that the program may take
SPEED = 140  # words a minute: slower than its own 175
MOST_BYTES = 4 * 1024 * 1024
HEAD = 44  # bytes before the samples of a WAV file
# voices of espeak-ng by the code of a language; other languages are not spoken
VOICES = {"en": "en-gb", "fr": "fr", "es": "es", "de": "de", "ru": "ru"}


@cache
def program() -> str | None:
    """The path of the program; None where it is not installed, or where the school has switched it off."""
    return shutil.which(settings.SPEECH_PROGRAM) if settings.SPEECH_PROGRAM else None


def speaks(code: str) -> bool:
    """Whether words of this language can be spoken here."""
    return code in VOICES and program() is not None


def stored_speech(lexeme: Lexeme) -> StoredFile | None:
    """The word as it was spoken before."""
    row = Speech.objects.filter(language=lexeme.language_id, text=lexeme.lemma).select_related("file").first()
    return row.file if row else None


def speak(lexeme: Lexeme) -> StoredFile | None:
    """Speak the word (about 50 ms) and store it; None where that cannot be."""
    sound = _spoken(lexeme.lemma, VOICES[lexeme.language.code]) if speaks(lexeme.language.code) else None
    if sound is None:
        return None
    title = _("%(word)s (synthetic)") % {"word": lexeme.lemma}
    file = None
    try:
        with transaction.atomic():
            file = store_sound(file=ContentFile(sound, name="speech.wav"), title=title, by=None)
            Speech.objects.create(language=lexeme.language, text=lexeme.lemma, file=file)
    except IntegrityError:  # another request has spoken it at this moment
        if file is not None:
            file.file.delete(save=False)
        return stored_speech(lexeme)
    except ValidationError:  # the program writes something else than sounds
        return None
    return file


def _spoken(text: str, voice: str) -> bytes | None:
    """A WAV file. The text goes by the input, so that none of it is taken for an option."""
    command = [str(program()), "-v", voice, "-s", str(SPEED), "--stdout", "--stdin"]
    try:
        # our own command; what somebody else wrote goes by the input
        done = subprocess.run(  # noqa: S603
            command, input=text.encode(), capture_output=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    sound = done.stdout
    if not (sound.startswith(b"RIFF") and HEAD < len(sound) <= MOST_BYTES):
        return None
    # the program writes to a pipe and so does not know the lengths when it writes the head
    lengths = [struct.pack("<I", len(sound) - end) for end in (8, HEAD)]
    return sound[:4] + lengths[0] + sound[8 : HEAD - 4] + lengths[1] + sound[HEAD:]

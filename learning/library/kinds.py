"""The kind of an uploaded file, detected from its bytes and compared with its name."""

from typing import IO

import filetype
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from learning.library.archives import open_archive

HEAD = 8192  # bytes that are looked at
UNPACKED_MAX = 1024 * 1024 * 1024  # bytes that an archive may unpack to
UNPACKED_FILES_MAX = 20_000


class Kind(TextChoices):
    DOCUMENT = "document", _("Document")
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Sound")
    CAPTIONS = "captions", _("Captions")


# Extension → (kind, media type that we serve, media types that the bytes may show). An empty set
# means plain text: no signature, and no NUL byte in its head.
_OFFICE = {"application/zip"}
_OLD_OFFICE = {
    "application/x-ole-storage",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
}
_MP4 = {"video/mp4", "video/quicktime", "video/x-m4v", "audio/mp4", "video/3gpp", "image/heif", "image/heic"}
_OGG = {"audio/ogg", "video/ogg", "audio/opus", "application/ogg"}
# No svg, html or xml: a browser would run their scripts in the name of the reader (promise 17).
FORMATS: dict[str, tuple[Kind, str, set[str]]] = {
    "csv": (Kind.DOCUMENT, "text/csv", set()),
    "txt": (Kind.DOCUMENT, "text/plain", set()),
    "rtf": (Kind.DOCUMENT, "application/rtf", {"application/rtf"}),
    "key": (Kind.DOCUMENT, "application/vnd.apple.keynote", _OFFICE),
    "epub": (Kind.DOCUMENT, "application/epub+zip", {"application/epub+zip", *_OFFICE}),
    "zip": (Kind.DOCUMENT, "application/zip", _OFFICE),
    "pdf": (Kind.DOCUMENT, "application/pdf", {"application/pdf"}),
    "doc": (Kind.DOCUMENT, "application/msword", _OLD_OFFICE),
    "xls": (Kind.DOCUMENT, "application/vnd.ms-excel", _OLD_OFFICE),
    "ppt": (Kind.DOCUMENT, "application/vnd.ms-powerpoint", _OLD_OFFICE),
    "docx": (Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _OFFICE),
    "xlsx": (Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _OFFICE),
    "pptx": (Kind.DOCUMENT, "application/vnd.openxmlformats-officedocument.presentationml.presentation", _OFFICE),
    "odt": (Kind.DOCUMENT, "application/vnd.oasis.opendocument.text", _OFFICE),
    "ods": (Kind.DOCUMENT, "application/vnd.oasis.opendocument.spreadsheet", _OFFICE),
    "odp": (Kind.DOCUMENT, "application/vnd.oasis.opendocument.presentation", _OFFICE),
    "vtt": (Kind.CAPTIONS, "text/vtt", set()),
    "gif": (Kind.IMAGE, "image/gif", {"image/gif"}),
    "jpg": (Kind.IMAGE, "image/jpeg", {"image/jpeg"}),
    "jpeg": (Kind.IMAGE, "image/jpeg", {"image/jpeg"}),
    "png": (Kind.IMAGE, "image/png", {"image/png", "image/apng"}),
    "webp": (Kind.IMAGE, "image/webp", {"image/webp"}),
    "avi": (Kind.VIDEO, "video/x-msvideo", {"video/x-msvideo"}),
    "mp4": (Kind.VIDEO, "video/mp4", _MP4),
    "m4v": (Kind.VIDEO, "video/mp4", _MP4),
    "mov": (Kind.VIDEO, "video/quicktime", _MP4),
    "webm": (Kind.VIDEO, "video/webm", {"video/webm", "video/x-matroska"}),
    "mpg": (Kind.VIDEO, "video/mpeg", {"video/mpeg"}),
    "mpeg": (Kind.VIDEO, "video/mpeg", {"video/mpeg"}),
    "ogv": (Kind.VIDEO, "video/ogg", _OGG),
    "m4a": (Kind.AUDIO, "audio/mp4", _MP4),
    "mp3": (Kind.AUDIO, "audio/mpeg", {"audio/mpeg"}),
    "ogg": (Kind.AUDIO, "audio/ogg", _OGG),
    "opus": (Kind.AUDIO, "audio/ogg", _OGG),
    # the name by which browsers store what Chromium records: webm with sound alone
    "weba": (Kind.AUDIO, "audio/webm", {"video/webm", "video/x-matroska"}),
    "wav": (Kind.AUDIO, "audio/wav", {"audio/x-wav", "audio/wav"}),
}

# Containers that browsers play. Others are offered for download only, until files are converted.
PLAYED_BY_BROWSERS = {"mp4", "m4v", "mov", "webm", "ogv", "m4a", "mp3", "ogg", "opus", "wav", "weba"}


def extension_of(name: str) -> str:
    return name.rpartition(".")[2].lower()


def kind_of(name: str) -> Kind:
    return FORMATS.get(extension_of(name), (Kind.DOCUMENT,))[0]


def media_type_of(name: str) -> str:
    """Return the media type of a stored file: from our list, never from the upload."""
    return FORMATS[extension_of(name)][1] if extension_of(name) in FORMATS else "application/octet-stream"


def plays_in_browsers(name: str) -> bool:
    """Whether a video or sound of this name plays in a page."""
    return extension_of(name) in PLAYED_BY_BROWSERS


def _is_text(head: bytes) -> bool:
    return b"\x00" not in head


def check_upload(file: IO[bytes], name: str) -> None:
    """Raise ValidationError unless the bytes are of the kind that the name says and unpack to an allowed size."""
    extension = extension_of(name)
    if extension not in FORMATS:
        raise ValidationError(_("Files of the type “%(type)s” are not taken.") % {"type": extension[:12]})
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    _kind, _media_type, accepted = FORMATS[extension]
    guess = filetype.guess_mime(head)
    if accepted:
        # `filetype` gives a more exact type than zip for some office files, and that type is not in the set
        zipped = accepted & _OFFICE and head.startswith(b"PK")
        # the signature of OLE files: `filetype` does not always find out which program wrote one
        old_office = accepted is _OLD_OFFICE and head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
        # an mp3 without ID3 tags begins with eleven set bits; `filetype` knows only three of the possible values
        framed = extension == "mp3" and head[:1] == b"\xff" and head[1:2] and head[1] & 0xE0 == 0xE0
        if not (guess in accepted or zipped or old_office or framed):
            raise ValidationError(
                _("The content of this file is not what its name says (%(type)s).") % {"type": extension}
            )
        if zipped:
            # an office file is unpacked too, by the program that opens it: it must not be a bomb (promise 18)
            _check_archive(file)
    # a text must not begin like another kind, such as a PDF with the name .txt
    elif not _is_text(head) or guess is not None:
        raise ValidationError(_("The content of this file is not what its name says (%(type)s).") % {"type": extension})
    if extension == "vtt" and not head.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT"):
        raise ValidationError(_("A captions file begins with the word WEBVTT."))


def _check_archive(file: IO[bytes]) -> None:
    try:
        open_archive(file, entries_max=UNPACKED_FILES_MAX, unpacked_max=UNPACKED_MAX)
    finally:
        file.seek(0)

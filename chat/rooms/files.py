"""Files of messages: taken in through the same checks as those of lessons, handed out at the same kind of door."""

from io import BytesIO
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import Sum
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from PIL import Image

from chat.models import Attachment, Room
from chat.rooms.access import standing_in
from chat.rooms.frames import ChatError
from chat.rooms.posting import refusal_to_write
from learning.accounts.models import User
from learning.library.kinds import Kind, check_upload, extension_of, kind_of

MOST_PIXELS = 24_000_000  # one is read at a time, in 100 MB
_one_at_a_time = Lock()
THUMBNAIL = 480  # pixels of the longer side
MOST_UNSENT = 50  # files of one person that belong to no message yet
MEGABYTE = 1024 * 1024
ORIENTATION = 0x0112  # of the EXIF of a camera
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def refused(detail: Any) -> ChatError:
    return ChatError("bad_file", detail)


def store_upload(*, room: Room, user: User, upload: Any) -> Attachment:
    """Keep an uploaded file until its message is sent; raises ChatError with the reason where it is not taken."""
    if error := refusal_to_write(room, standing_in(user, room)):
        raise error
    name = str(upload.name or "").replace("\x00", "").rpartition("/")[2].rpartition("\\")[2][-255:]
    _check(user, upload, name)
    kind = kind_of(name)
    row = Attachment(room=room, person=user, original_name=name, kind=kind, size=upload.size)
    if kind == Kind.IMAGE:
        row.thumbnail, row.width, row.height = _thumbnail(upload)
    row.file = upload
    row.save()
    return row


def _check(user: User, upload: Any, name: str) -> None:
    if extension_of(name) not in settings.WAGTAILDOCS_EXTENSIONS:
        raise refused(format_lazy(_("Files of the type “{type}” are not taken."), type=extension_of(name)[:12]))
    if upload.size > settings.CHAT_FILE_MAX_BYTES:
        raise refused(
            format_lazy(_("A file may have at most {limit} MB."), limit=settings.CHAT_FILE_MAX_BYTES // MEGABYTE)
        )
    own = Attachment.objects.filter(person=user)
    if own.filter(message=None).count() >= MOST_UNSENT:
        raise refused(_("You have uploaded many files and sent none. Send them first."))
    used = own.aggregate(total=Sum("size"))["total"] or 0
    if used + upload.size > settings.CHAT_QUOTA_BYTES:
        raise refused(_("Your files in chats take all the space there is for you. Delete some messages with files."))
    try:
        check_upload(upload.file, name)
    except ValidationError as error:
        raise refused(error.messages[0]) from error


def _thumbnail(upload: Any) -> tuple[ContentFile, int, int]:
    """A small WebP of a picture, upright and without what the camera has noted in it."""
    upload.file.seek(0)
    try:
        with _one_at_a_time, Image.open(upload.file) as image:
            width, height = image.size
            # known from the header alone: nothing is decoded yet (promise 18)
            if width * height > MOST_PIXELS:
                raise refused(_("This picture has too many pixels."))
            # not `ImageOps.exif_transpose`, which also encodes all of the EXIF again, whatever a camera has put there
            turn = _TURNS.get(image.getexif().get(ORIENTATION, 1))
            image.draft("RGB", (THUMBNAIL * 2, THUMBNAIL * 2))
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            small: Image.Image = image.transpose(turn) if turn is not None else image
            small = small.convert("RGBA" if "A" in small.getbands() or "transparency" in small.info else "RGB")
            buffer = BytesIO()
            small.save(buffer, "WEBP", quality=80)
    except ChatError:
        raise
    except Exception as error:  # hostile pictures make Pillow raise exceptions of many kinds
        raise refused(_("This picture is damaged.")) from error
    finally:
        upload.file.seek(0)
    return ContentFile(buffer.getvalue(), name="thumbnail.webp"), small.width, small.height

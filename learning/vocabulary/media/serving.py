"""Sends sounds and pictures of words, after the caller has checked that the person may have them."""

from typing import Any

from django.http import Http404, HttpRequest
from wagtail.images.models import SourceImageIOError

from learning.library.kinds import media_type_of
from learning.library.models import Picture, StoredFile
from learning.library.views import serve_file


def serve_sound(request: HttpRequest, file: StoredFile) -> Any:
    # with a part of the stored name: a file that is replaced keeps its number
    etag = f"s{file.pk}-{str(file.file.name).rpartition('/')[2][:12]}"
    return serve_file(request, file.file, etag=etag, media_type=file.content_type, name=file.filename, inline=True)


def serve_picture(request: HttpRequest, picture: Picture, size: str) -> Any:
    """The picture in a size of Wagtail's (`max-480x480`); 404 where its file is missing."""
    try:
        rendition = picture.get_rendition(size)
    except SourceImageIOError as error:
        raise Http404 from error
    name = rendition.file.name
    etag = f"p{rendition.pk}-{name.rpartition('/')[2][:12]}"
    return serve_file(request, rendition.file, etag=etag, media_type=media_type_of(name), name=name, inline=True)

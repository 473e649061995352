"""Views that serve files. Every request asks the door; what a person may not read answers 404."""

import re
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header, quote_etag
from django.views.decorators.http import require_safe

from learning.library.access import may_read_file
from learning.library.kinds import Kind, media_type_of
from learning.library.models import RENDITIONS, Rendition, StoredFile

CHUNK = 256 * 1024  # bytes
INLINE = {Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.CAPTIONS}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z", re.ASCII)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that a Range header asks for; None when the header is to be ignored (RFC 9110).

    Raises ValueError when the range contains no byte of the file (416).
    """
    match = _RANGE.match(header.strip())
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = int(last)
        if length == 0 or size == 0:
            raise ValueError(header)
        return max(0, size - length), size - 1
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    # such a range is invalid, and RFC 9110 says to ignore it: the whole file is sent
    if last and int(last) < start:
        return None
    if start >= size:
        raise ValueError(header)
    return start, end


def _pieces(file: IO[bytes], start: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while length > 0:
            piece = file.read(min(CHUNK, length))
            if not piece:
                return
            length -= len(piece)
            yield piece


def _guard(response: Any, etag: str) -> Any:
    headers = response.headers
    headers["ETag"] = etag
    # the browser may keep the bytes but must ask before each use: access may have ended (promise 2)
    headers["Cache-Control"] = "private, no-cache"
    headers["Accept-Ranges"] = "bytes"
    # an uploaded file must not run as a page of this site, even when it is opened directly (promise 17)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


def serve_file(
    request: HttpRequest, stored: FieldFile, *, etag: str, media_type: str, name: str, inline: bool
) -> HttpResponse | FileResponse | StreamingHttpResponse:
    """Answer with a file, after the caller has checked access: the whole file, a range, or 304.

    In production on a local disk NGINX does the sending (`X-Accel-Redirect`).
    """
    etag = quote_etag(etag)
    stored_name = str(stored.name)
    # both callers have asked the door before: a 304 also tells that the file exists (promise 5)
    if request.headers.get("If-None-Match", "").strip() in (etag, f"W/{etag}"):
        return _guard(HttpResponseNotModified(), etag)
    disposition = content_disposition_header(not inline, name) or "attachment"
    common = {"Content-Type": media_type, "Content-Disposition": disposition}
    # NGINX also answers ranges, so the Range header is not read on this way
    if settings.ACCEL_REDIRECT_PREFIX and isinstance(stored.storage, FileSystemStorage):
        response = HttpResponse(headers={**common, "X-Accel-Redirect": settings.ACCEL_REDIRECT_PREFIX + stored_name})
        return _guard(response, etag)
    try:
        size = stored.size
        file = stored.storage.open(stored_name, "rb")
    except FileNotFoundError as error:
        raise Http404 from error
    header = request.headers.get("Range", "")
    if_range = request.headers.get("If-Range")
    part = None
    # If-Range with another tag: the file has changed, and a part of it would not fit what the browser has
    if header and if_range in (None, etag):
        try:
            part = parse_range(header, size)
        except ValueError:
            file.close()
            return _guard(HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"}), etag)
    if part is None:
        whole = StreamingHttpResponse(_pieces(file, 0, size), headers={**common, "Content-Length": str(size)})
        return _guard(whole, etag)
    start, end = part
    length = end - start + 1
    headers = {**common, "Content-Length": str(length), "Content-Range": f"bytes {start}-{end}/{size}"}
    return _guard(StreamingHttpResponse(_pieces(file, start, length), status=206, headers=headers), etag)


@require_safe
def rendition(request: HttpRequest, image_id: int, name: str) -> Any:
    """A picture in a size that a page shows."""
    rows = Rendition.objects.select_related("image__collection")
    shown = get_object_or_404(rows, image_id=image_id, file=f"{RENDITIONS}/{name}")
    if not may_read_file(request.user, shown.image, request):
        raise Http404
    media_type = media_type_of(shown.file.name) if not shown.file.name.endswith(".avif") else "image/avif"
    # every upload gets a new random name, so the name stands for the content and nothing has to be hashed
    etag = f"r{shown.pk}-{shown.file.name.rpartition('/')[2][:12]}"
    return serve_file(request, shown.file, etag=etag, media_type=media_type, name=name, inline=True)


@require_safe
def document(request: HttpRequest, document_id: int, document_filename: str) -> Any:
    """A document, video or recording; the name in the address is only for people."""
    file = get_object_or_404(StoredFile.objects.select_related("collection"), pk=document_id)
    if not may_read_file(request.user, file, request):
        raise Http404
    return serve_file(
        request,
        file.file,
        etag=f"f{file.pk}-{file.file.name.rpartition('/')[2][:12]}",
        media_type=file.content_type,
        name=file.filename,
        inline=file.kind in INLINE,
    )

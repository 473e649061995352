"""Open uploaded zip archives with limits that do not depend on what the archive declares."""

import struct
import zipfile
import zlib
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_END = b"PK\x05\x06"  # end of central directory, 22 bytes and a comment of at most 65,535
_END_64 = b"PK\x06\x06"
_TAIL = 22 + 65_535 + 20 + 56  # with the record of large archives and its locator
PIECE = 64 * 1024  # bytes
# zipfile raises RuntimeError for an encrypted entry, NotImplementedError for an unknown compression
_BROKEN = (
    *(zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError, struct.error, zlib.error),
)
# zipfile unpacks other methods (bzip2, LZMA) in one go, however little is asked for: a few bytes become gigabytes
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def declared_entry_count(file: IO[bytes]) -> int:
    """Return how many entries the end record declares, without reading their list, which may be very long on purpose.

    Raises ValidationError where there is no such record.
    """
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise ValidationError(_("This archive is damaged."))
    count, list_size = struct.unpack_from("<HI", tail, place + 10)
    large = tail.rfind(_END_64, 0, place)
    # 0xFFFF means that the true numbers are in the record of large archives (ZIP64)
    if count == 0xFFFF and large >= 0 and len(tail) - large >= 40:
        count, list_size = struct.unpack_from("<QQ", tail, large + 32)
    # Python reads as many entries as the list has bytes, whatever number is said; each takes at least 46
    return max(int(count), int(list_size) // (46 + 20))


def open_archive(file: Any, *, entries_max: int, unpacked_max: int) -> zipfile.ZipFile:
    """Open an archive and check its list of entries against the limits. Raises ValidationError."""
    too_much = ValidationError(_("This archive unpacks to more than we take."))
    try:
        stream = open(file, "rb") if isinstance(file, str) else file  # noqa: SIM115  (freed together with the archive)
        # before ZipFile(), which reads the whole list of entries into memory (promise 18)
        if declared_entry_count(stream) > entries_max:
            raise too_much
        stream.seek(0)
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        raise ValidationError(_("This archive is damaged.")) from error
    entries = archive.infolist()
    # these sizes are only declared: `read_entry` counts again while it unpacks
    if len(entries) > entries_max or sum(entry.file_size for entry in entries) > unpacked_max:
        archive.close()
        raise too_much
    if any(entry.compress_type not in _METHODS for entry in entries):
        archive.close()
        raise ValidationError(_("This archive is damaged."))
    return archive


def read_entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return the bytes of one entry, at most `limit`: counted while unpacking, whatever size the archive declares.

    Raises KeyError for an unknown name, and ValidationError when the entry is too large or damaged.
    """
    info = archive.getinfo(name)
    pieces, read = [], 0
    try:
        with archive.open(info) as entry:
            while piece := entry.read(PIECE):
                read += len(piece)
                if read > limit:
                    raise ValidationError(_("Too large: %(name)s") % {"name": name})
                pieces.append(piece)
    except _BROKEN as error:
        raise ValidationError(_("The archive is damaged at %(name)s") % {"name": name}) from error
    return b"".join(pieces)

"""Which uploaded tables are read at all; `learning.base.sheet_rows` reads them."""

import zipfile
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from learning.library.kinds import check_upload, extension_of

FORMATS = ("csv", "xlsx")
MAX_BYTES = 10 * 1024 * 1024
# Parts of an XLSX, unpacked. Fifty thousand people with name and e-mail take a third of this.
MOST_OF = {"sharedStrings.xml": 12 * 1024 * 1024}
MOST_OF_SHEET = 30 * 1024 * 1024
MOST_OF_REST = 4 * 1024 * 1024
MOST_PARTS = 500


def check_table(file: IO[bytes], name: str, size: int) -> None:
    """ValidationError unless this is a CSV or XLSX file that we can read."""
    extension = extension_of(name)
    if extension not in FORMATS:
        raise ValidationError(_("A table is a CSV or XLSX file."))
    if size > MAX_BYTES:
        raise ValidationError(_("The file is larger than 10 MB."))
    check_upload(file, name)
    # an XLSX is an archive: 10 MB of it can unpack to gigabytes (promise 18)
    if extension == "xlsx":
        _check_parts(file)
        file.seek(0)


def _check_parts(file: IO[bytes]) -> None:
    """Each part of a workbook has a limit: strings and styles are held in memory as a whole, sheets are not."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        for entry in entries:
            most = MOST_OF.get(
                entry.filename.rpartition("/")[2], MOST_OF_SHEET if "sheets/" in entry.filename else MOST_OF_REST
            )
            if entry.file_size > most or len(entries) > MOST_PARTS:
                raise ValidationError(_("This archive unpacks to more than we take."))

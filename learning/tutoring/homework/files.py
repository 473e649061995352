"""Files of homework, taken in through the checks of the library."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.library.kinds import check_upload, extension_of
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import AttemptFile, HomeworkCopy

MEGABYTE = 1024 * 1024
MOST_FILES = 20  # of one copy


def checked_name(upload: Any) -> str:
    """Return the name of an upload that may be stored; raises TutoringError `bad_file` with the reason otherwise."""
    name = str(upload.name or "").replace("\x00", "").rpartition("/")[2].rpartition("\\")[2][-255:]
    if extension_of(name) not in settings.WAGTAILDOCS_EXTENSIONS:
        raise TutoringError(
            "bad_file", _("Files of the type “%(type)s” are not taken.") % {"type": extension_of(name)[:12]}
        )
    if not upload.size:
        raise TutoringError("bad_file", _("This file is empty."))
    if upload.size > settings.HOMEWORK_FILE_MAX_BYTES:
        most = settings.HOMEWORK_FILE_MAX_BYTES // MEGABYTE
        raise TutoringError("bad_file", _("A file may have at most %(n)s MB.") % {"n": most})
    try:
        check_upload(upload.file, name)
    except ValidationError as error:
        raise TutoringError("bad_file", error.messages[0]) from error
    return name


@transaction.atomic
def store_answer_file(*, copy: HomeworkCopy, upload: Any) -> AttemptFile:
    """Keep a student's file with the draft of their answer. Raises TutoringError with the reason if it is not taken."""
    name = checked_name(upload)
    # one upload of a student at a time: two would count the same files
    User.objects.select_for_update().get(pk=copy.student_id)
    own = AttemptFile.objects.filter(copy__student_id=copy.student_id)
    if own.filter(copy=copy).count() >= MOST_FILES:
        raise TutoringError("bad_file", _("An answer has at most %(n)s files.") % {"n": MOST_FILES})
    used = own.aggregate(total=Sum("size"))["total"] or 0
    if used + upload.size > settings.HOMEWORK_QUOTA_BYTES:
        raise TutoringError("bad_file", _("Your files of homework take all the space there is for you."))
    row = AttemptFile(copy=copy, original_name=name, size=upload.size)
    row.file = upload
    row.save()
    return row

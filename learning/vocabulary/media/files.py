"""Recordings and pictures of the dictionary: files of the library, in a collection of their own."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from wagtail.models import Collection

from learning.accounts.models import User
from learning.library.kinds import Kind, kind_of
from learning.library.models import Picture, StoredFile
from learning.library.uploads import ReadableImageField
from learning.vocabulary.models import DictionaryFiles

NAME = gettext_noop("Dictionary")
LARGEST_SOUND = 5 * 1024 * 1024  # bytes: a minute of any format that browsers record
LARGEST_PICTURE = 10 * 1024 * 1024  # bytes


@transaction.atomic
def dictionary_collection() -> Collection:
    """The collection of the dictionary, made on first use."""
    row = DictionaryFiles.objects.select_related("collection").first()
    if row is not None:
        return row.collection
    # locked: of two first uses at once the second finds what the first has made
    root = Collection.objects.select_for_update().get(depth=1)
    row = DictionaryFiles.objects.select_related("collection").first()
    if row is None:
        row = DictionaryFiles.objects.create(collection=root.add_child(name=NAME))
    return row.collection


def store_sound(*, file: File[bytes], title: str, by: User | None) -> StoredFile:
    """Put a recording into the library. Raises ValidationError where its bytes are no sound of a known kind."""
    name = str(file.name)
    if kind_of(name) != Kind.AUDIO:
        raise ValidationError(_("This is no sound file. Take mp3, m4a, ogg, opus, wav or weba."))
    if file.size > LARGEST_SOUND:
        raise ValidationError(_("A recording may have at most %(n)d MB.") % {"n": LARGEST_SOUND >> 20})
    row = StoredFile(title=title[:255], collection=dictionary_collection(), uploaded_by_user=by)
    row.file = file
    row.full_clean()
    row.save()
    return row


def store_picture(*, file: Any, title: str, by: User | None) -> Picture:
    """Put a picture into the library. Raises ValidationError where it is damaged, too large or of another kind."""
    if file.size > LARGEST_PICTURE:
        raise ValidationError(_("A picture may have at most %(n)d MB.") % {"n": LARGEST_PICTURE >> 20})
    row = Picture(title=title[:255], collection=dictionary_collection(), uploaded_by_user=by)
    row.file = ReadableImageField().clean(file)
    row.full_clean(exclude=["width", "height"])
    row._set_image_file_metadata()
    row.save()
    return row

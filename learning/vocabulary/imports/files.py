"""Sounds and pictures that a file of words brings along: stored with the new words of an import.

Each file is stored in a transaction of its own, after all words: storing one takes long, and a word that has its sound
is left as it is, so that this goes on where a dead worker has left it.
"""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from wagtail.models import ReferenceIndex

from learning.library.models import Picture, StoredFile
from learning.vocabulary.imports.entries import Entry, ReaderWithFiles, Skipped, batched
from learning.vocabulary.media.files import store_picture, store_sound
from learning.vocabulary.models import DictionaryImport, EntryPicture, Lexeme, Pronunciation

_SOUND = re.compile(r"\[sound:([^\[\]]{1,200})\]")
_IMAGE = re.compile(
    r"""<img\b[^<>]{0,500}?\bsrc\s{0,9}=\s{0,9}(?:"([^"<>]{1,200})"|'([^'<>]{1,200})'|([^\s"'<>]{1,200}))""", re.I
)


def sound_in(field: str) -> str:
    """The name of the first sound in a field of a note; empty for none."""
    found = _SOUND.search(field)
    return html.unescape(found[1]).strip() if found else ""


def picture_in(field: str) -> str:
    """The name of the first picture in a field of a note, which is HTML; empty for none."""
    found = _IMAGE.search(field)
    name = next(name for name in found.groups() if name) if found else ""
    # a picture on the web is not in the package, and nothing is fetched
    return "" if "//" in name or name.startswith("data:") else unquote(html.unescape(name)).strip()


def take_files(run: DictionaryImport, reader: ReaderWithFiles) -> Iterator[Skipped]:
    """Give the new words of an import their sounds and pictures; gives what cannot be taken, each with why."""
    for batch in batched(reader.entries()):
        entries = {one.key: one for one in batch if isinstance(one, Entry) and (one.sound or one.picture)}
        lemmas = [entry.lemma for entry in entries.values()]
        rows = Lexeme.objects.filter(imported__dictionary_import=run, lemma__in=lemmas)
        for lexeme in rows.order_by("pk"):
            entry = entries.get((lexeme.lemma, lexeme.part_of_speech, lexeme.gender, lexeme.homograph))
            for kind in (_SOUND_OF, _PICTURE_OF):
                skipped = _take(run, lexeme, entry, kind, reader) if entry is not None and kind.name(entry) else None
                if skipped is not None:
                    yield skipped


class _Kind(NamedTuple):
    """A kind of file: its name in an entry, how it is put into the library, and how it is given to the word."""

    name: Callable[[Entry], str]
    store: Callable[..., StoredFile | Picture]
    give: Callable[[Lexeme, Entry, Any], None]
    has: Callable[[Lexeme], bool]


def _take(run: DictionaryImport, lexeme: Lexeme, entry: Entry, kind: _Kind, reader: ReaderWithFiles) -> Skipped | None:
    """Store one file and give it to the word, unless it has one; returns why it cannot be taken."""
    name, word = kind.name(entry), lexeme.lemma[:80]
    stored = None
    try:
        with transaction.atomic():
            # locked: another process may take the same files
            Lexeme.objects.select_for_update().get(pk=lexeme.pk)
            if kind.has(lexeme):
                return None
            content = reader.file(name)
            if content is None:
                return Skipped(word, _("the file does not contain “%(name)s”") % {"name": name[:80]})
            stored = kind.store(file=ContentFile(content, name=name[-80:]), title=lexeme.lemma, by=run.owner)
            kind.give(lexeme, entry, stored)
            DictionaryImport.objects.filter(pk=run.pk).update(files=F("files") + 1)
    except ValidationError as error:
        return Skipped(word, f"{name[:80]}: {' '.join(error.messages)}")
    except (IntegrityError, Lexeme.DoesNotExist):  # the word was deleted meanwhile
        if stored is not None:
            stored.file.delete(save=False)
        return Skipped(word, _("it was deleted meanwhile"))
    return None


def _give_sound(lexeme: Lexeme, entry: Entry, sound: StoredFile) -> None:
    # beside the transcription, where the note has one
    bare = Pronunciation.objects.filter(lexeme=lexeme, recording=None).order_by("pk").first()
    if bare is None:
        Pronunciation.objects.create(lexeme=lexeme, recording=sound)
    else:
        Pronunciation.objects.filter(pk=bare.pk).update(recording=sound)


def _give_picture(lexeme: Lexeme, entry: Entry, picture: Picture) -> None:
    meaning = next((text for sense in entry.senses for text in sense.translations), lexeme.lemma)
    EntryPicture.objects.create(lexeme=lexeme, picture=picture, alt=meaning[:300])


def _is_heard(lexeme: Lexeme) -> bool:
    return Pronunciation.objects.filter(lexeme=lexeme).exclude(recording=None).exists()


def _is_pictured(lexeme: Lexeme) -> bool:
    return EntryPicture.objects.filter(lexeme=lexeme).exists()


_SOUND_OF = _Kind(lambda entry: entry.sound, store_sound, _give_sound, _is_heard)
_PICTURE_OF = _Kind(lambda entry: entry.picture, store_picture, _give_picture, _is_pictured)


def files_of(lexeme_ids: list[int]) -> tuple[list[int], list[int]]:
    """The keys of the recordings and of the pictures that these words have."""
    sounds = Pronunciation.objects.filter(lexeme__in=lexeme_ids).exclude(recording=None)
    pictures = EntryPicture.objects.filter(lexeme__in=lexeme_ids)
    return list(sounds.values_list("recording", flat=True)), list(pictures.values_list("picture", flat=True))


def delete_unused(sounds: list[int], pictures: list[int]) -> None:
    """Delete these files of the dictionary, but for those that another word or a page has too."""
    heard = Pronunciation.objects.filter(recording__in=sounds).values("recording")
    shown = EntryPicture.objects.filter(picture__in=pictures).values("picture")
    # one by one, so that the files go with their rows
    for row in (
        *StoredFile.objects.filter(pk__in=sounds).exclude(pk__in=heard),
        *Picture.objects.filter(pk__in=pictures).exclude(pk__in=shown),
    ):
        if not ReferenceIndex.get_references_to(row).exists():
            row.delete()

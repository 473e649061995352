"""What an import has stored, so that the same import goes on after its process died."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from learning.accounts.models import User
from learning.courses.models import CatalogPage
from learning.exchange.models import CourseImport, ImportedPart
from learning.exchange.tree import PackageError

DEAD_AFTER = 60  # seconds without news of it, after which another process may take over the same import

Stored = TypeVar("Stored", bound=models.Model)


def fingerprint(path: Path, catalog: CatalogPage, owner: User | None, *options: object) -> str:
    """The digest of a package and of everything that decides what is made of it."""
    digest = hashlib.sha256(repr((catalog.pk, owner and owner.pk, options)).encode())
    with path.open("rb") as file:
        while data := file.read(1024 * 1024):
            digest.update(data)
    return digest.hexdigest()


def resume_interrupted(mark: str) -> CourseImport | None:
    """The interrupted import with this fingerprint, which now belongs to the caller.

    Raises PackageError while another process may still be running it.
    """
    # by content and options, not by name: another version of the package must not go on in this course
    found = CourseImport.objects.filter(fingerprint=mark).first()
    if found is None:
        return None
    now = timezone.now()
    is_dead = found.seen_at < now - timedelta(seconds=DEAD_AFTER)
    same = CourseImport.objects.filter(pk=found.pk, seen_at=found.seen_at)
    if not is_dead or not same.update(seen_at=now):  # of two who try, one changes the row
        raise PackageError(
            _("This package is being imported already. If that import has died, start it again in a minute.")
        )
    found.seen_at = now
    return found


class StoredParts:
    """The pages, pictures and files of an import, each identified by its kind, its place in the import and its name.

    An import does the same things in the same order each time, so that the place is the same after an interruption.
    """

    def __init__(self, course_import: CourseImport) -> None:
        self.course_import = course_import
        self._parts = {part.key: part for part in course_import.parts.all()}
        self._places: Counter[str] = Counter()
        self._keys: dict[tuple[str, int], str] = {}

    def store(
        self, model: type[Stored], name: str, make: Callable[[], Stored], save: Callable[[Stored], object]
    ) -> Stored:
        """Return the object that is stored already, or what `make` gives, saved by `save`.

        Only `save` is called in a transaction: reading a file may take long. What either raises is raised.
        """
        kind = model.__name__
        # the number tells two parts of one name apart
        self._places[kind] += 1
        key = hashlib.sha256(f"{kind}\0{self._places[kind]}\0{name}".encode()).hexdigest()
        part = self._parts.get(key)
        # an editor may have deleted it since it was stored: then it is made anew
        found = model._default_manager.filter(pk=part.object_id).first() if part is not None else None
        if found is None:
            found = make()
            with transaction.atomic():
                # object and note in one transaction: after a crash both are there or neither; nothing is stored twice
                save(found)
                self._parts[key] = ImportedPart.objects.update_or_create(
                    course_import=self.course_import, key=key, defaults={"object_id": found.pk, "is_filled": False}
                )[0]
        self._keys[kind, found.pk] = key
        return found

    def is_filled(self, lesson: models.Model) -> bool:
        return self._part(lesson).is_filled

    def fill(self, lesson: models.Model) -> None:
        """Save a lesson whose body is made now."""
        part = self._part(lesson)
        with transaction.atomic():
            lesson.save()
            part.is_filled = True
            part.save(update_fields=["is_filled"])

    def mark_complete(self, hidden: set[int]) -> None:
        """Record that every page is stored, and which of them stay drafts; from here on nothing is undone."""
        # only pages: a picture or file may have the same number as a hidden page
        keys = [key for (kind, pk), key in self._keys.items() if kind.endswith("Page") and pk in hidden]
        with transaction.atomic():
            # in portions: a database takes only so many parameters in one query
            for start in range(0, len(keys), 500):
                self.course_import.parts.filter(key__in=keys[start : start + 500]).update(is_hidden=True)
            self.course_import.is_whole = True
            self.course_import.save(update_fields=["is_whole"])

    def show_life(self) -> None:
        CourseImport.objects.filter(pk=self.course_import.pk).update(seen_at=timezone.now())

    def release(self) -> None:
        """Let another process take over the import at once: this one ends in an orderly way."""
        CourseImport.objects.filter(pk=self.course_import.pk).update(seen_at=timezone.now() - timedelta(days=1))

    def _part(self, row: models.Model) -> ImportedPart:
        return self._parts[self._keys[type(row).__name__, row.pk]]

"""Stores the entries of a file: in batches, each in one transaction with the position, so that an import goes on after
its process died. The same entries again change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.folding import fold
from learning.vocabulary.imports.entries import (
    BATCH,
    MOST_SENSES,
    Entry,
    Reader,
    ReaderWithFiles,
    SenseFacts,
    Skipped,
    batched,
)
from learning.vocabulary.imports.files import delete_unused, files_of, take_files
from learning.vocabulary.models import (
    DictionaryImport,
    Example,
    Form,
    ImportedLexeme,
    Language,
    Lexeme,
    Pronunciation,
    Sense,
    Source,
    State,
    Translation,
)
from learning.vocabulary.receivers import restamp_pages_with

MOST_REASONS = 100
Key = tuple[str, str, str, int]


@dataclass(slots=True)
class Counts:
    """What became of entries, or would."""

    created: int = 0
    changed: int = 0
    skipped: int = 0
    entries: int = 0  # that were looked at
    reasons: list[Skipped] = field(default_factory=list)  # the first ones


def start_import(
    *, reader: Reader, source: Source, language: Language, into: Language, owner: User | None = None
) -> DictionaryImport:
    """The import of this file: one that was interrupted, or a new one."""
    same = DictionaryImport.objects.filter(
        source=source, language=language, into=into, digest=reader.digest, state=DictionaryImport.State.RUNNING
    ).first()
    return same or DictionaryImport.objects.create(
        source=source, language=language, into=into, digest=reader.digest, total=reader.total, owner=owner
    )


def dry_run(*, reader: Reader, language: Language, into: Language) -> Iterator[Counts]:
    """What an import would do, after each batch. A word that stands twice far apart in the file counts as new twice."""
    counts = Counts()
    yield counts
    for batch in batched(reader.entries()):
        _Batch(batch, language, into).count(counts)
        counts.entries += len(batch)
        yield counts


def go_on(*, run: DictionaryImport, reader: Reader, state: str = State.DRAFT) -> Iterator[Counts]:
    """Store what is left of a file; gives the counts after each batch."""
    if reader.digest != run.digest:
        raise VocabularyError("other_file", _("This is not the file with which the import began."))
    counts = Counts(run.created, run.changed, run.skipped, run.position)
    for batch in batched(islice(reader.entries(), run.position, None)):
        with transaction.atomic():
            if DictionaryImport.objects.select_for_update().get(pk=run.pk).position != run.position:
                raise VocabularyError("elsewhere", _("This import is going on in another process."))
            _Batch(batch, run.language, run.into).store(run, state, counts)
            run.position += len(batch)
            counts.entries = run.position
            run.created, run.changed, run.skipped = counts.created, counts.changed, counts.skipped
            run.save(update_fields=["position", "created", "changed", "skipped"])
        yield counts
    if isinstance(reader, ReaderWithFiles):
        for one in take_files(run, reader):
            if len(counts.reasons) < MOST_REASONS:
                counts.reasons.append(one)
        yield counts
    ended = {"state": DictionaryImport.State.DONE, "finished_at": timezone.now()}
    # not if another process has ended or undone it meanwhile
    DictionaryImport.objects.filter(pk=run.pk, state=DictionaryImport.State.RUNNING).update(**ended)
    run.refresh_from_db(fields=list(ended))


def undo(*, run: DictionaryImport) -> tuple[int, int]:
    """Delete the words that an import has made; returns how many went and how many stay.

    Those stay that someone has changed since, that someone learns, or that are in a word set; and translations that it
    has added to words of others. Sounds and pictures go with their words.
    """
    deleted = 0
    unchanged = Lexeme.objects.filter(
        imported__dictionary_import=run, imported__stored_at=F("changed_at"), cards=None, in_sets=None
    )
    while ids := list(unchanged.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            # locked and looked at again: someone may have saved or changed one of them meanwhile
            locked = Lexeme.objects.select_for_update().filter(pk__in=ids).order_by("pk")
            list(locked.values_list("pk", flat=True))
            still = list(unchanged.filter(pk__in=ids).values_list("pk", flat=True))
            files = files_of(still)
            Lexeme.objects.filter(pk__in=still).delete()
            delete_unused(*files)
        deleted += len(still)
    run.state, run.finished_at = DictionaryImport.State.UNDONE, timezone.now()
    run.save(update_fields=["state", "finished_at"])
    return deleted, run.lexemes.count()


def _joined(before: Entry | None, after: Entry) -> Entry:
    """One entry of two that say the same word: a file may have it under two headwords."""
    if before is None:
        return after
    return replace(
        before,
        senses=(before.senses + after.senses)[:MOST_SENSES],
        examples=before.examples + after.examples,
        forms=before.forms + after.forms,
    )


class _Batch:
    """Entries that are looked up and stored together."""

    def __init__(self, entries: Sequence[Entry | Skipped], language: Language, into: Language) -> None:
        self.language, self.into = language, into
        self.skipped = [one for one in entries if isinstance(one, Skipped)]
        self.entries: dict[Key, Entry] = {}
        self.sizes: Counter[Key] = Counter()  # of how many entries of the file each is made
        for one in entries:
            if isinstance(one, Entry):
                self.sizes[one.key] += 1
                self.entries[one.key] = _joined(self.entries.get(one.key), one)
        self.stored = self._stored()
        self.missing = self._missing()

    def _stored(self) -> dict[Key, Lexeme]:
        lemmas = {entry.lemma for entry in self.entries.values()}
        rows = Lexeme.objects.filter(language=self.language, lemma__in=lemmas)
        return {(row.lemma, row.part_of_speech, row.gender, row.homograph): row for row in rows}

    def _missing(self) -> dict[Key, list[list[str]]]:
        """The translations that stored lexemes do not have, by sense of the entry."""
        known = {key: row for key, row in self.stored.items() if key in self.entries}
        texts: dict[int, set[str]] = {row.pk: set() for row in known.values()}
        rows = Translation.objects.filter(sense__lexeme__in=texts, language=self.into)
        for lexeme, text in rows.order_by().values_list("sense__lexeme", "text"):
            texts[lexeme].add(text)
        missing: dict[Key, list[list[str]]] = {}
        for key, row in known.items():
            senses = [
                [text for text in sense.translations if text not in texts[row.pk]] for sense in self.entries[key].senses
            ]
            if any(senses):
                missing[key] = senses
        return missing

    def count(self, counts: Counts) -> None:
        for key, size in self.sizes.items():
            if key not in self.stored:
                counts.created += 1
                counts.changed += size - 1
            elif key in self.missing:
                counts.changed += size
            else:
                counts.skipped += size
        counts.skipped += len(self.skipped)
        counts.reasons += self.skipped[: MOST_REASONS - len(counts.reasons)]

    def store(self, run: DictionaryImport, state: str, counts: Counts) -> None:
        self.count(counts)
        new = [entry for key, entry in self.entries.items() if key not in self.stored]
        lexemes = Lexeme.objects.bulk_create(
            Lexeme(
                language=self.language, lemma=entry.lemma, folded=fold(entry.lemma), gender=entry.gender,
                part_of_speech=entry.part_of_speech, homograph=entry.homograph, note=entry.note[:300], state=state,
                source=run.source, added_by_id=run.owner_id,
            )
            for entry in new
        )  # fmt: skip
        ImportedLexeme.objects.bulk_create(
            ImportedLexeme(dictionary_import=run, lexeme=row, stored_at=row.changed_at) for row in lexemes
        )
        made = list(zip(lexemes, new, strict=True))
        Pronunciation.objects.bulk_create(Pronunciation(lexeme=row, ipa=entry.ipa) for row, entry in made if entry.ipa)
        Example.objects.bulk_create(
            Example(lexeme=row, text=one.text, translation=one.translation, credit=run.source.name)
            for row, entry in made
            for one in entry.examples
        )
        Form.objects.bulk_create(
            Form(lexeme=row, kind=kind, spelling=spelling, folded=fold(spelling))
            for row, entry in made
            for kind, spelling in dict.fromkeys(entry.forms)
        )
        self._add_senses(
            (row, number, sense, sense.translations)
            for row, entry in made
            for number, sense in enumerate(entry.senses, start=1)
        )
        self._complete()

    def _complete(self) -> None:
        """Give stored lexemes the translations that they do not have, as further senses."""
        changed = [self.stored[key] for key in self.missing]
        self._add_senses(
            (self.stored[key], 100 + number, self.entries[key].senses[number], texts)
            for key, senses in self.missing.items()
            for number, texts in enumerate(senses)
            if texts
        )
        Lexeme.objects.filter(pk__in=[row.pk for row in changed]).update(changed_at=timezone.now())
        restamp_pages_with(Q(lexeme__in=[row.pk for row in changed]))

    def _add_senses(self, rows: Iterable[tuple[Lexeme, int, SenseFacts, Sequence[str]]]) -> None:
        facts = list(rows)
        senses: list[Any] = Sense.objects.bulk_create(
            Sense(
                lexeme=row,
                position=number,
                subject=sense.subject,
                definition=sense.definition,
                register=sense.register,
            )
            for row, number, sense, _texts in facts
        )
        Translation.objects.bulk_create(
            Translation(sense=sense, language=self.into, text=text, folded=fold(text))
            for sense, (_row, _number, _facts, texts) in zip(senses, facts, strict=True)
            for text in dict.fromkeys(texts)
        )

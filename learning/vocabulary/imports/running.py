"""Imports of uploaded files, as background jobs: checked first, then carried out, or undone. Each may run twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import DataError, transaction
from django.utils import timezone, translation

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki, freedict, kaikki, tables, writing
from learning.vocabulary.imports.entries import Reader
from learning.vocabulary.models import DictionaryImport, State

KEPT = timedelta(days=30)  # for which the files of an import are kept
Step = DictionaryImport.State
# step → the states after which it may be done
AFTER = {
    Step.CHECKING: {Step.UPLOADED, Step.CHECKED, Step.FAILED},
    Step.RUNNING: {Step.CHECKED},
    Step.UNDOING: {Step.DONE, Step.FAILED, Step.CHECKED},
}
# a fault of the file; everything else is tried again with the job
UNREADABLE = (VocabularyError, OSError, ValueError, DataError, RecursionError, OverflowError)


@contextmanager
def reader_of(run: DictionaryImport) -> Iterator[Reader]:
    """The open file of an import; what it says is in the language of who imports.

    Raises VocabularyError where it cannot be read.
    """
    with translation.override((run.owner.language or None) if run.owner else None):
        with _opened(run) as reader:
            yield reader


@contextmanager
def _opened(run: DictionaryImport) -> Iterator[Reader]:
    path = Path(run.file.path)
    formats = DictionaryImport.Format
    if run.format == formats.FREEDICT:
        with freedict.opened(Path(run.index.path), path) as dictionary:
            yield dictionary
    elif run.format == formats.KAIKKI:
        with kaikki.opened(path, language=run.language.code, into=run.into.code) as extract:
            yield extract
    elif run.format == formats.TABLE:
        with tables.opened(path, name=run.filename, columns=run.columns) as table:
            yield table
    else:
        with anki.opened(path, columns=run.columns) as package:
            yield package


def check(*, run_id: int) -> int:
    """Count what an import would do; returns the number of entries."""
    run = _to_do(run_id, Step.CHECKING)
    if run is None:
        return 0
    own = DictionaryImport.objects.filter(pk=run_id, state=Step.CHECKING)
    try:
        with reader_of(run) as reader:
            for counts in writing.dry_run(reader=reader, language=run.language, into=run.into):
                own.update(
                    digest=reader.digest,
                    total=reader.total,
                    created=counts.created,
                    changed=counts.changed,
                    skipped=counts.skipped,
                    position=counts.entries,
                    reasons=_told(counts),
                )
            own.update(state=Step.CHECKED)
            return reader.total
    except UNREADABLE as error:
        give_up(run, error)
        return 0


def carry_out(*, run_id: int) -> int:
    """Store what is left of an import; returns how many words are new. Goes on where a dead worker has left it."""
    run = _to_do(run_id, Step.RUNNING)
    if run is None:
        return 0
    state = State.APPROVED if run.approves else State.DRAFT
    own = DictionaryImport.objects.filter(pk=run_id, state=Step.RUNNING)
    try:
        with reader_of(run) as reader:
            for counts in writing.go_on(run=run, reader=reader, state=state):
                if counts.reasons:
                    own.update(reasons=_told(counts))
    except UNREADABLE as error:
        # what another process carries out goes on there
        if getattr(error, "code", "") != "elsewhere":
            give_up(run, error)
        return 0
    return run.created


def undo(*, run_id: int) -> int:
    """Undo an import; returns how many words went."""
    run = _to_do(run_id, Step.UNDOING)
    return writing.undo(run=run)[0] if run else 0


def _to_do(run_id: int, step: str) -> DictionaryImport | None:
    """The import, if it is to do this step."""
    rows = DictionaryImport.objects.select_related("source", "language", "into", "owner")
    return rows.filter(pk=run_id, state=step).first()


def _told(counts: writing.Counts) -> list[list[str]]:
    return [[one.lemma, one.reason] for one in counts.reasons]


def give_up(run: DictionaryImport, error: Exception) -> None:
    """Note why a file cannot be read; not where another process has brought the import further meanwhile."""
    problem = str(error)[:500] if isinstance(error, VocabularyError) else type(error).__name__
    rows = DictionaryImport.objects.filter(pk=run.pk, state=run.state)
    rows.update(state=Step.FAILED, problem=problem, finished_at=timezone.now())


@transaction.atomic
def begin(*, run_id: int, step: Step, job: Any) -> bool:
    """Set an import to do a step and queue its job, of several clicks once; returns whether this one did it."""
    run = DictionaryImport.objects.select_for_update().filter(pk=run_id, state__in=AFTER[step]).first()
    if run is None or (step == Step.UNDOING and not run.lexemes.exists()):
        return False
    run.state, run.problem = step, ""
    if step != Step.UNDOING:
        run.position = run.created = run.changed = run.skipped = 0
    run.save(update_fields=["state", "problem", "position", "created", "changed", "skipped"])
    job.enqueue(run.pk)
    return True


def forget_files() -> int:
    """Delete the files of imports that ended, or were left, long ago; returns how many imports."""
    old = DictionaryImport.objects.filter(started_at__lt=timezone.now() - KEPT).exclude(file="", index="")
    count = 0
    for run in old.exclude(state__in=DictionaryImport.RUNNING):
        for file in (run.file, run.index):
            if file:
                file.delete(save=False)
        run.save(update_fields=["file", "index"])
        count += 1
    return count

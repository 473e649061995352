"""`manage.py import_dictionary`: bring a dictionary in, see before what it would change, or undo it."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki, freedict, kaikki, tables
from learning.vocabulary.imports.columns import guess_columns
from learning.vocabulary.imports.entries import Reader
from learning.vocabulary.imports.writing import Counts, dry_run, go_on, start_import, undo
from learning.vocabulary.models import DictionaryImport, Language, Source, State


class Command(BaseCommand):
    help = (
        "Import a dictionary. FreeDict in dictd format: FILE is the .index file, TEXTS the .dict or .dict.dz file. "
        "Wiktionary: FILE is a .jsonl or .jsonl.gz file of kaikki.org. A table: a .csv or .xlsx file. Anki: .apkg."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("texts", nargs="?", type=Path)
        parser.add_argument("--language", help="code of the language of the words, as fr")
        parser.add_argument("--into", help="code of the language of the translations, as en")
        parser.add_argument("--source", help="name of the dictionary, shown with each word")
        parser.add_argument("--licence", default="", help="its licence, shown with each word")
        parser.add_argument("--address", default="", help="where it is from, shown with each word")
        parser.add_argument("--approve", action="store_true", help="show the words at once; otherwise they are drafts")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument("--undo", type=int, metavar="ID", help="delete what this import has made")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._undo(options["undo"]) if options["undo"] else self._import(options)
        except (VocabularyError, OSError) as error:
            raise CommandError(str(error)) from error

    def _undo(self, number: int) -> None:
        run = DictionaryImport.objects.filter(pk=number).first()
        if run is None:
            raise CommandError(f"There is no import {number}.")
        deleted, kept = undo(run=run)
        self.stdout.write(f"{deleted} words deleted, {kept} kept because they were changed since, or are learned.")

    def _import(self, options: dict[str, Any]) -> None:
        missing = [name for name in ("file", "language", "into", "source") if not options[name]]
        if missing:
            raise CommandError(f"Needed: {', '.join(missing)}.")
        language, into = (self._language(options[name]) for name in ("language", "into"))
        with self._opened(options, language, into) as reader:
            if options["dry_run"]:
                *_steps, counts = dry_run(reader=reader, language=language, into=into)
                self._say(counts, reader, "would be")
                return
            facts = {"licence": options["licence"], "address": options["address"]}
            source, _made = Source.objects.get_or_create(name=options["source"], defaults=facts)
            run = start_import(reader=reader, source=source, language=language, into=into)
            state = State.APPROVED if options["approve"] else State.DRAFT
            counts = Counts(run.created, run.changed, run.skipped)
            for so_far in go_on(run=run, reader=reader, state=state):
                counts = so_far
                self.stdout.write(f"\r{run.position} of {run.total}", ending="")
                self.stdout.flush()
            self.stdout.write("")
            self._say(counts, reader, "are")
            self.stdout.write(f"Undo it with --undo {run.pk}.")

    @staticmethod
    @contextmanager
    def _opened(options: dict[str, Any], language: Language, into: Language) -> Iterator[Reader]:
        """The open file, by the ending of its name. Columns of tables and fields of notes are known by their names."""
        path: Path = options["file"]
        if options["texts"]:
            with freedict.opened(path, options["texts"]) as dictionary:
                yield dictionary
        elif path.name.endswith((".jsonl", ".jsonl.gz", ".json")):
            with kaikki.opened(path, language=language.code, into=into.code) as extract:
                yield extract
        elif path.name.endswith(".apkg"):
            with anki.opened(path) as package:
                columns = guess_columns(package.fields())
            with anki.opened(path, columns=columns) as package:
                yield package
        elif path.name.endswith((".csv", ".xlsx")):
            columns = guess_columns(next(iter(tables.first_rows(path, path.name, 0)), []))
            with tables.opened(path, name=path.name, columns=columns) as table:
                yield table
        else:
            raise CommandError("Files are: .index with .dict.dz, .jsonl, .csv, .xlsx, .apkg.")

    @staticmethod
    def _language(code: str) -> Language:
        found = Language.objects.filter(code=code).first()
        if found is None:
            known = ", ".join(Language.objects.values_list("code", flat=True))
            raise CommandError(f"There is no language {code}. Known: {known}.")
        return found

    def _say(self, counts: Counts, reader: Reader, verb: str) -> None:
        self.stdout.write(
            f"{reader.total} entries: {counts.created} {verb} new, {counts.changed} {verb} changed, "
            f"{counts.skipped} {verb} skipped."
        )
        for one in counts.reasons:
            self.stdout.write(f"  skipped “{one.lemma}”: {one.reason}")

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from learning.courses.enums import CourseLanguage
from learning.courses.models import CatalogPage
from learning.exchange.build import PackageError, import_cartridge
from learning.exchange.report import ImportReport


class StopRequest:
    """The handler of a signal that ends the program at once, or after the page at hand.

    Python drops an exception that a handler raises inside a finaliser or a callback, so the request is kept as well.
    """

    def __init__(self) -> None:
        self.code = 0

    def __call__(self, signum: int, frame: Any) -> None:
        self.code = 128 + signum
        self.check()

    def check(self) -> None:
        if self.code:
            raise SystemExit(self.code)


class Command(BaseCommand):
    help = "Import the pages, links, pictures and files of a Common Cartridge as a course of drafts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the .imscc file")
        parser.add_argument("--publish", action="store_true", help="publish what the package shows to students")
        parser.add_argument("--catalog", type=int, help="id of the catalogue page; the first one by default")
        parser.add_argument("--language", choices=CourseLanguage.values, default="en", help="language of the course")
        parser.add_argument("--report", type=Path, help="write a line for every item, resource and file to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        catalogs = CatalogPage.objects.order_by("path")
        catalog = catalogs.filter(pk=options["catalog"]).first() if options["catalog"] else catalogs.first()
        if catalog is None:
            raise CommandError(_("There is no such catalogue page."))
        if not options["file"].is_file():
            raise CommandError(_("There is no file %(file)s.") % {"file": options["file"]})
        # end in an orderly way, so that a partial import is undone; after a crash the same command resumes it
        stop = StopRequest()
        before = signal.signal(signal.SIGTERM, stop)
        try:
            report = import_cartridge(
                path=options["file"],
                catalog=catalog,
                publish=options["publish"],
                language=options["language"],
                between=stop.check,
            )
        except PackageError as error:
            if error.report is not None:
                self._write(error.report, options["report"])
            raise CommandError(str(error)) from error
        finally:
            signal.signal(signal.SIGTERM, before)
        if report.resumed:
            self.stdout.write(_("The import went on where it had been interrupted."))
        facts = {**vars(report), "course": report.course}
        said = _("“%(course)s”: modules: %(modules)d, lessons: %(lessons)d, pictures: %(pictures)d, files: %(files)d")
        self.stdout.write(self.style.SUCCESS(said % facts))
        self._write(report, options["report"])

    def _write(self, report: ImportReport, file: Path | None) -> None:
        for title, lines in ((_("Left out"), report.left_out), (_("Not published"), report.drafts)):
            if lines:
                self.stdout.write(f"{title} ({len(lines)}):")
                for line in lines:
                    self.stdout.write(f"  {line}")
        if file is not None:
            rows = [f"{line.outcome}\t{line.reason}\t{line.what}\n" for line in report.lines]
            file.write_text("".join(rows), encoding="utf-8")

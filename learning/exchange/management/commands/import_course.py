from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learning.courses.enums import CourseLanguage
from learning.courses.models import CatalogPage
from learning.exchange.actions import CartridgeError, import_cartridge


class Command(BaseCommand):
    help = "Import the pages, pictures and files of a Common Cartridge as a course of drafts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the .imscc file")
        parser.add_argument("--publish", action="store_true", help="publish what the package has published")
        parser.add_argument("--catalog", type=int, help="id of the catalogue page; the first one by default")
        parser.add_argument("--language", choices=CourseLanguage.values, default="en", help="language of the course")

    def handle(self, *args: Any, **options: Any) -> None:
        catalogs = CatalogPage.objects.order_by("path")
        catalog = catalogs.filter(pk=options["catalog"]).first() if options["catalog"] else catalogs.first()
        if catalog is None:
            raise CommandError("There is no such catalogue page.")
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        try:
            report = import_cartridge(
                path=options["file"], catalog=catalog, publish=options["publish"], language=options["language"]
            )
        except CartridgeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            self.style.SUCCESS(
                f"“{report.course}”: {report.modules} modules, {report.lessons} lessons, "
                f"{report.pictures} pictures, {report.files} files"
            )
        )
        if report.left_out:
            self.stdout.write(f"Left out ({len(report.left_out)}):")
            for line in report.left_out:
                self.stdout.write(f"  {line}")

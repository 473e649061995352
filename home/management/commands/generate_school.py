from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from home.generate import generate_school


class Command(BaseCommand):
    help = "Fill the database with a large school for measuring. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--courses", type=int, default=1_000)
        parser.add_argument("--people", type=int, default=20_000)
        parser.add_argument("--enrollments", type=int, default=200_000)

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("A generated school does not belong in production.")
        counts = {name: options[name] for name in ("courses", "people", "enrollments")}
        if counts["enrollments"] > counts["courses"] * counts["people"]:
            raise CommandError("There are not that many pairs of a person and a course.")
        made = generate_school(**counts)
        self.stdout.write(self.style.SUCCESS(f"{made} in the school now."))

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from home.demo.load import PASSWORD, PEOPLE, is_loaded, load_demo


class Command(BaseCommand):
    help = "Load the demo school: courses in three languages, people in every role. Never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if is_loaded():
            self.stdout.write("The demo school is here already.")
            return
        try:
            load_demo(self.stdout.write)
        except RuntimeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"Demo school loaded. Log-ins: {', '.join(PEOPLE)}; password {PASSWORD}"))

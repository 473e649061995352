from typing import Any

from django.core.management.base import BaseCommand

from home.demo.remove import remove_demo


class Command(BaseCommand):
    help = "Take the demo school away, and nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(self.style.SUCCESS(f"Removed {remove_demo(self.stdout.write)} things of the demo."))

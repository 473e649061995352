"""`manage.py add_starter_words`: about 1,000 words of English and French for a new dictionary."""

from typing import Any

from django.core.management.base import BaseCommand

from learning.vocabulary.starter.words import add_starter_words


class Command(BaseCommand):
    help = "Add the starter words that the dictionary does not have yet."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{add_starter_words()} words added.")

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from learning.accounts.roles import apply_roles


class Command(BaseCommand):
    help = "Give the five roles exactly the rights of learning/accounts/roles.py; other groups are left alone."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        apply_roles(apps)
        self.stdout.write(self.style.SUCCESS("The roles are as the table says."))

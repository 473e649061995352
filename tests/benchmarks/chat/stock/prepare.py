"""Makes the tables, the people and their sessions; prints what the clients need."""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.chat.stock.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

from tests.benchmarks.chat.sessions import sessions_of  # noqa: E402
from tests.benchmarks.chat.shape import PEOPLE, SHAPES, facts_of  # noqa: E402

call_command("migrate", verbosity=0)
people = User.objects.bulk_create(User(username=f"person{n}", password="!") for n in range(PEOPLE))
sessions = sessions_of(people, "django.contrib.auth.backends.ModelBackend")
rooms = {shape: [f"{shape}-{n}" for n in range(count)] for shape, (count, _clients) in SHAPES.items()}
print(json.dumps(facts_of(rooms, sessions)))

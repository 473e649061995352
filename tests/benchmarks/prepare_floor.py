"""Run with the floor's settings: a user and a session."""

import json

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

call_command("migrate", verbosity=0)
client = Client()
client.force_login(User.objects.create_user("student"))
print(json.dumps({"session": client.cookies["sessionid"].value}))

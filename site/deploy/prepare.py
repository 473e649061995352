"""Translations, database, static files and, in a new database, the demo school. One process, to start fast."""

import sys
from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(BASE / "site"), str(BASE)]

import django  # noqa: E402
from babel.messages.frontend import CommandLineInterface  # noqa: E402

# before Django reads them
CommandLineInterface().run(["pybabel", "-q", "compile", "-D", "django", "-d", str(BASE / "locale")])
django.setup()

from django.core.management import call_command  # noqa: E402


def main() -> None:
    from home.demo.load import is_loaded
    from learning.accounts.models import User

    print("Preparing the database …", flush=True)
    call_command("migrate", verbosity=0, interactive=False)
    print("Collecting static files …", flush=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    # only into an empty database: a real school must not get demo accounts with a known password
    if not User.objects.exists() and not is_loaded():
        print("Loading the demo school …", flush=True)
        call_command("load_demo")


if __name__ == "__main__":
    main()

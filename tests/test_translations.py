"""Every string of the interface is there in Russian and French."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.utils import formats, translation
from django.utils.timezone import datetime
from django.utils.translation import gettext, ngettext

from home.templatetags.look import minutes
from tests.parts import ONCE

pytestmark = ONCE

BASE = Path(__file__).resolve().parents[1]
LANGUAGES = ("ru", "fr")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated_or_fuzzy(language: str) -> None:
    catalog = polib.pofile(str(BASE / "locale" / language / "LC_MESSAGES" / "django.po"))
    assert [entry.msgid for entry in catalog.untranslated_entries()] == []
    assert [entry.msgid for entry in catalog.fuzzy_entries()] == []
    assert len(catalog) > 350


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext; `make test` says so loudly")
def test_every_string_of_the_code_is_in_the_catalogues(tmp_path: Path) -> None:
    for name in ("chat", "learning", "home", "templates", "site", "locale"):
        shutil.copytree(BASE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo", "demo"))
    shutil.copy(BASE / "manage.py", tmp_path)
    command = [sys.executable, "manage.py", "makemessages", "-l", "ru", "-l", "fr", "--no-location", "--no-wrap"]
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "PARTA_DATA": str(tmp_path / "var")}
    subprocess.run([*command, "--no-obsolete"], cwd=tmp_path, env=env, check=True, capture_output=True)
    for language in LANGUAGES:
        path = Path("locale") / language / "LC_MESSAGES" / "django.po"
        kept, found = polib.pofile(str(BASE / path)), polib.pofile(str(tmp_path / path))
        assert {e.msgid for e in found} - {e.msgid for e in kept} == set()
        assert {e.msgid for e in kept} - {e.msgid for e in found} == set()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 lesson", "2 lessons", "5 lessons", "21 lessons"]),
        ("ru", ["1 урок", "2 урока", "5 уроков", "21 урок"]),
        ("fr", ["1 leçon", "2 leçons", "5 leçons", "21 leçons"]),
    ],
)
def test_plurals(language: str, said: list[str]) -> None:
    with translation.override(language):
        assert [ngettext("%(n)s lesson", "%(n)s lessons", n) % {"n": n} for n in (1, 2, 5, 21)] == said


def test_dates_and_minutes_are_of_the_language() -> None:
    day = datetime(2026, 3, 8)
    said = {}
    for language in ("en", *LANGUAGES):
        with translation.override(language):
            said[language] = (formats.date_format(day, "DATE_FORMAT"), minutes(135))
    assert said["en"] == ("March 8, 2026", "2 h 15 min")
    assert said["ru"][0] == "8 марта 2026 г."
    assert said["fr"][0] == "8 mars 2026"
    assert "ч" in said["ru"][1]


def test_statuses_are_said_in_each_language() -> None:
    with translation.override("fr"):
        assert gettext("Enrol") == "S’inscrire"

"""Adding an app touches the settings and nothing else: a small one brings one of everything that apps register."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import ONCE
from tests.template import lay_school

BASE = Path(__file__).resolve().parents[1]
pytestmark = [ONCE, pytest.mark.slow, pytest.mark.xdist_group("sample app")]


def test_a_new_app_registers_itself_everywhere(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {
        "DJANGO_SETTINGS_MODULE": "tests.sample_app.settings",
        "PARTA_DATA": str(tmp_path),
        "PYTHONPATH": f"{BASE}/site:{BASE}",
    }
    manage = [sys.executable, str(BASE / "manage.py")]
    lay_school(tmp_path)
    subprocess.run([*manage, "migrate", "-v0"], env=env, check=True)  # what the app brings
    code = "from tests.sample_app.trial import run; run()"
    done = subprocess.run([*manage, "shell", "-v0", "-c", code], env=env, capture_output=True, text=True, check=False)
    assert "every part of the sample app was found" in done.stdout, done.stderr[-3000:]


def test_no_other_app_knows_of_it() -> None:
    for folder in ("learning", "chat", "home", "site"):
        for path in (BASE / folder).rglob("*.py"):
            assert "sample_app" not in path.read_text(encoding="utf-8"), path

"""Settings: strict in production, nothing needed for development."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import ONCE

pytestmark = [ONCE, pytest.mark.slow]

BASE = Path(__file__).resolve().parents[1]
GOOD = {
    "PARTA_ENV": "production",
    "SECRET_KEY": "k9#" * 20 + "Zq7!pL2x",
    "ALLOWED_HOSTS": "school.example.org",
    "PARTA_BASE_URL": "https://school.example.org",
}


def manage(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    command = [sys.executable, str(BASE / "manage.py"), *args]
    return subprocess.run(
        command, env={**kept, "PARTA_DATA": str(folder), **env}, capture_output=True, text=True, check=False, cwd=BASE
    )


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    done = manage(tmp_path, "check")
    assert done.returncode == 0, done.stderr


def test_deployment_check_is_clean(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **GOOD)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"DEBUG": "1"}, "DEBUG"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"PARTA_BASE_URL": "http://school.example.org"}, "PARTA_BASE_URL"),
    ],
)
def test_production_refuses_to_start(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    done = manage(tmp_path, "check", **{**GOOD, **change})
    assert done.returncode != 0
    assert reason in done.stderr
